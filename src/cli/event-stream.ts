/** Server-Sent Events, as they come over a body: by the rules of the HTML standard, as far as this server uses them. */

export interface StreamedEvent {
  /** `message` unless it says so. */
  readonly name: string;
  readonly id: string | undefined;
  /** Its lines of data; none where the event only moves the id. */
  readonly data: readonly string[];
}

/** The events of a body. One that is cut off in the middle is none. */
export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamedEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  let lines: string[] = [];
  for await (const bytes of body) {
    const pieces = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) {
      if (line !== "") lines.push(line);
      else if (lines.length > 0) {
        const event = eventOf(lines);
        lines = [];
        if (event !== undefined) yield event;
      }
    }
  }
}

/** `undefined` where the lines say nothing: comments, and times to wait. */
function eventOf(lines: readonly string[]): StreamedEvent | undefined {
  let name = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("event:")) name = value;
    else if (line.startsWith("id:")) id = value;
    else if (line.startsWith("data:")) data.push(value);
  }
  return id === undefined && data.length === 0 ? undefined : { name, id, data };
}
