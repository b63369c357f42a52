/**
 * The bytes of what holds bytes: an ArrayBuffer, or any view of one; not copied. `undefined` for everything else. What
 * comes from another realm, as in a test's page, counts too.
 *
 * @throws {TypeError} for a Blob, whose bytes are not at hand, and for a buffer that was given away
 */
export function bytesOf(data: unknown): Uint8Array | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const kind = Object.prototype.toString.call(data);
  if (isBuffer(data, kind)) return new Uint8Array(data);
  if (kind === "[object Blob]" || kind === "[object File]")
    throw new TypeError("a Blob is read first: await blob.arrayBuffer() is what can be sent");
  return undefined;
}

function isBuffer(_data: object, kind: string): _data is ArrayBuffer {
  return kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]";
}

/** Bytes one after the other, in a place of their own. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
