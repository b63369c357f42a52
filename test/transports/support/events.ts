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
    const data = fields.get("data");
    if (data === undefined) return [];
    return [
      {
        name: fields.get("event") ?? "message",
        id: fields.get("id"),
        data: JSON.parse(data) as Record<string, unknown>,
      },
    ];
  });
}
