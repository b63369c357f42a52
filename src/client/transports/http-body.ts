/** The headers of a body that is not text. */
export const BYTES = { "content-type": "application/octet-stream" };

/** Frames as one request has them: text where it can be. Its lines stand as they are between the bytes otherwise. */
export function bodyOf(parts: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === "string")) return parts.join("");
  const encoder = new TextEncoder();
  const all = parts.map((part) => (typeof part === "string" ? encoder.encode(part) : part));
  const body = new Uint8Array(all.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of all) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}
