/** Server-Sent Events as text. */

export interface Event {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** The events of a text, by the rules of the HTML standard; comments, and events without data, are none. */
export function eventsOf(text: string): Event[] {
  return text.split("\n\n").flatMap((block) => {
    const fields = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    const data = [...block.matchAll(/^data: (.*)$/gm)].map(
      ([, json = ""]) => JSON.parse(json) as Record<string, unknown>,
    );
    if (data.length === 0) return [];
    return [{ name: fields.get("event") ?? "message", id: fields.get("id"), data: wholeOf(data) }];
  });
}

/** The data of an event: in parts it has a line for each, and all their bytes together are its own. */
function wholeOf(lines: readonly Record<string, unknown>[]): Record<string, unknown> {
  const [first = {}] = lines;
  if (first["part"] === undefined) return first;
  const { part: _, more: __, ...about } = first;
  const bytes = lines.map(({ base64 }) => Buffer.from(base64 as string, "base64"));
  return { ...about, base64: Buffer.concat(bytes).toString("base64") };
}
