/** What a refusal has at most, in characters; ours are far shorter, and somebody else's page is not read to its end. */
const MAX_REFUSAL = 64 * 1024;

/** What it takes of the answer to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Pick<Headers, "get">;
  readonly body: { getReader(): { read(): Promise<Part> } } | null;
}

export type Part = { readonly done: boolean; readonly value?: Uint8Array | undefined };

/**
 * Reads an answer to its end, frame by frame, and returns the last one.
 *
 * @param heard is told of every piece; says whether that is of interest still
 * @param take takes a frame, which may have lines that came before
 * @throws an `Error` where the answer is none of Tidemark's: whatever stands between here and there says something else
 */
export async function readAnswer(
  { status, headers, body }: Answer,
  heard: () => boolean,
  take: (frame: string) => void,
): Promise<string> {
  const reader = body?.getReader();
  const ok = status === 200;
  const foreign = (): never => {
    throw new Error(`HTTP ${status}: not an answer of Tidemark's`);
  };
  if (!reader || !headers.get("content-type")?.includes(ok ? "ndjson" : "json")) return foreign();
  const decoder = new TextDecoder();
  let text = "";
  let last = "";
  for (;;) {
    const { done, value } = await reader.read();
    const wanted = heard();
    text += decoder.decode(value, { stream: !done });
    // A blank line ends a frame; within one, a line and its bytes may be apart still.
    const end = done ? text.length : ok ? text.lastIndexOf("\n\n") : -1;
    if (!ok && (done ? !isRefusal(text) : text.length > MAX_REFUSAL)) foreign();
    if (!wanted) return last;
    if (end > 0) {
      last = text.slice(0, end);
      take(last);
    }
    if (end >= 0) text = text.slice(end + 2);
    if (done) return last;
  }
}

/** Whether this is how Tidemark refuses a request. Gateways and proxies answer with JSON of their own. */
function isRefusal(text: string): boolean {
  try {
    const { close, error } = JSON.parse(text) as Refusal;
    return typeof close === "number" && typeof error?.code === "string";
  } catch {
    return false;
  }
}

interface Refusal {
  readonly close?: unknown;
  readonly error?: { readonly code?: unknown };
}
