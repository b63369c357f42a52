/** Everything that was written into rooms' logs, in its order, as somebody sees it who misses nothing. */
import type { Broker, ChangesEntry } from "../../../../src/broker/index.js";
import { decodeReign, writerOf, REIGN } from "../../../../src/server/kinds/room/owner/room-log.js";

export interface Written {
  readonly channel: string;
  readonly offset: number;
  /** The reign that wrote it; undefined: it was written from outside. */
  readonly reign: string | undefined;
  /** The reign that this entry begins, with its number. */
  readonly begins: { readonly name: string; readonly n: number } | undefined;
  readonly slots: readonly string[];
}

export class Journal {
  readonly #broker: Broker;
  readonly #entries: Written[] = [];

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  get length(): number {
    return this.#entries.length;
  }

  get entries(): readonly Written[] {
    return this.#entries;
  }

  of(channel: string): readonly Written[] {
    return this.#entries.filter((entry) => entry.channel === channel);
  }

  async follow(channel: string): Promise<void> {
    await this.#broker.follow(channel, {
      onEntries: () => {},
      onChanges: ({ entries }) => {
        for (const entry of entries) this.#entries.push(writtenOf(channel, entry));
      },
      onSignals: () => {},
      onPresence: () => {},
      onReset: () => {},
    });
  }

  /** What came later is lost. */
  cutTo(length: number): void {
    this.#entries.length = length;
  }

  /** What is wrong with a log, if anything: entries of one reign are one run, and nothing of an older one follows a newer one's first. */
  faultsOf(channel: string): string[] {
    const faults: string[] = [];
    const over = new Set<string>();
    let current: string | undefined;
    for (const { reign, begins, offset } of this.of(channel)) {
      if (reign === undefined) continue;
      if (reign !== current) {
        if (over.has(reign)) faults.push(`${offset}: ${reign} writes after ${current}`);
        // A room that could be neither made nor kept begins with its end.
        if (begins !== undefined && begins.name !== reign)
          faults.push(`${offset}: ${reign} begins ${begins.name}`);
        if (current !== undefined) over.add(current);
        current = reign;
      }
    }
    return faults;
  }

  /** The reigns that began, in their order. */
  reignsOf(channel: string): string[] {
    const names = this.of(channel).flatMap(({ reign }) => reign ?? []);
    return names.filter((name, at) => name !== names[at - 1]);
  }
}

function writtenOf(channel: string, { offset, meta, changes = [] }: ChangesEntry): Written {
  const begun = changes.find(({ slot }) => slot === REIGN)?.data;
  return {
    channel,
    offset,
    reign: writerOf(meta),
    begins: typeof begun === "string" ? decodeReign(begun) : undefined,
    slots: changes.map(({ slot }) => slot),
  };
}
