/** Server-Sent Events as text. */

export interface Event {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Data;
}

/** The events of a text, by the rules of the HTML standard; comments, and events without data, are none. */
export function eventsOf(text: string): Event[] {
  return text.split("\n\n").flatMap((block) => {
    const lines = block.split("\n").map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 2)];
    });
    const fields = new Map(lines);
    const parts = lines.filter(([name]) => name === "data").map(([, data]) => JSON.parse(data) as Data);
    const [first] = parts;
    if (first === undefined) return [];
    const data = parts.length === 1 ? first : { ...first, base64: joined(parts) };
    return [{ name: fields.get("event") ?? "message", id: fields.get("id"), data }];
  });
}

type Data = Record<string, unknown>;

/** The bytes of a message in parts, each on a line of its own. */
function joined(parts: readonly Data[]): string {
  const pieces = parts.map(({ part, more, base64 }, i) => {
    if (part !== i || (more === true) !== i < parts.length - 1)
      throw new Error(`part ${i} says it is ${String(part)}`);
    return Buffer.from(base64 as string, "base64");
  });
  return Buffer.concat(pieces).toString("base64");
}
