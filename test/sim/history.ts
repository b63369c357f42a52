import type { HistoryEvent } from "tidemark/testing";

/** An event without its time. */
export type Told<Event = HistoryEvent> = Event extends HistoryEvent ? Omit<Event, "time"> : never;

/** A history written by hand: on channel "a", publisher "p", subscriber "s", in epoch "e" unless said otherwise. */
export class Story {
  readonly events: HistoryEvent[] = [];

  tell(...told: Told[]): this {
    for (const event of told) this.events.push({ time: this.events.length, ...event });
    return this;
  }

  /** Published, appended and acknowledged; offsets are ten times the numbers. */
  log(numbers: readonly number[], epoch = "e", first = 0): this {
    let prev = first * 10;
    for (const n of numbers) {
      this.tell(publish(n), append(n, prev, epoch), {
        is: "ack",
        channel: "a",
        id: `p/${n}`,
        offset: n * 10,
      });
      prev = n * 10;
    }
    return this;
  }

  opens(at = 0): this {
    return this.tell({ is: "open", subscriber: "s", channel: "a", at: { epoch: "e", offset: at } });
  }

  gets(numbers: readonly number[], epoch = "e"): this {
    return this.tell(...numbers.map((n) => message(n, epoch)));
  }
}

export function publish(n: number): Told {
  return { is: "publish", channel: "a", publisher: "p", sequence: n, id: `p/${n}` };
}

export function append(n: number, prev: number, epoch = "e"): Told {
  return { is: "append", channel: "a", epoch, offset: n * 10, prev, id: `p/${n}` };
}

function message(n: number, epoch: string): Told {
  return { is: "message", subscriber: "s", at: { epoch, offset: n * 10 }, id: `p/${n}` };
}
