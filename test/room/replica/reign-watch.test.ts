import { describe, expect, test } from "vitest";
import type { SlotsPage } from "../../../src/broker/index.js";
import { CLOSED, encodeClosed, encodeReign, REIGN } from "../../../src/server/kinds/room/owner/room-log.js";
import { ReignWatch } from "../../../src/server/kinds/room/replica/reign-watch.js";
import type { RoomSignal } from "../../../src/server/kinds/room/tick-message.js";

const E1 = { epoch: "E1", base: 0 };
const E2 = { epoch: "E2", base: 100 };

function reignEntry(name: string, offset: number, { node = "n0", epoch = "E1" } = {}) {
  const record = { n: 1, tick: 0, short: 0, alone: false, released: false, next: undefined };
  return { offset, prev: 0, changes: [{ slot: REIGN, data: encodeReign({ ...record, name, node, epoch }) }] };
}

function closedEntry(offset: number) {
  return { offset, prev: 0, changes: [{ slot: CLOSED, data: encodeClosed({ reason: "over", tick: 9 }) }] };
}

/** A log that says what a test has it say, when the test has it. */
class Log {
  readonly told: string[] = [];
  page: SlotsPage = { entries: [], floor: 0, head: 0, epochs: [E1] };
  reads = 0;
  #held: (() => void)[] | undefined;
  readonly watch = new ReignWatch(
    {
      broker: {
        readSlots: async () => {
          this.reads++;
          const { page } = this;
          const held = this.#held;
          if (held !== undefined) await new Promise<void>((resolve) => void held.push(resolve));
          return page;
        },
      },
      channel: "room",
      onError: (error) => void this.told.push(String(error)),
    },
    {
      onReign: ({ name }, hasLost) => void this.told.push(`reign ${name}${hasLost ? " lost" : ""}`),
      onEpoch: () => void this.told.push("epoch"),
      onClosed: (reason) => void this.told.push(`closed ${reason}`),
      onSignal: ({ reign, tick }) => void this.told.push(`${reign} ${tick}`),
    },
  );

  /** Reads are not answered from here on. */
  hold(): void {
    this.#held = [];
  }

  async answer(): Promise<void> {
    for (const resolve of this.#held ?? []) resolve();
    this.#held = undefined;
    await this.watch.look();
  }

  hear(name: string, tick: number): void {
    const signal: RoomSignal = { is: "alive", reign: name, tick };
    this.watch.hear(name, () => signal);
  }

  /** What was told since it was asked last. */
  take(): string[] {
    return this.told.splice(0);
  }
}

describe("R6: who reigns is what the log says", () => {
  test("what is heard under an unknown name is kept until the log was read, and told only if it is the newest", async () => {
    const log = new Log();
    log.page = { ...log.page, entries: [reignEntry("first000", 10)], head: 10 };
    await log.watch.look();
    log.hear("first000", 1);
    expect(log.take()).toEqual(["reign first000", "first000 1"]);
    log.page = { ...log.page, entries: [reignEntry("second00", 20)], head: 20 };
    log.hear("second00", 2);
    log.hear("forged00", 3);
    log.hear("first000", 2);
    expect(log.take()).toEqual(["first000 2"]);
    await log.watch.look();
    expect(log.take()).toEqual(["reign second00", "second00 2"]);
    const { reads } = log;
    for (const name of ["first000", "forged00"]) log.hear(name, 9);
    log.hear("second00", 3);
    expect(log.take()).toEqual(["second00 3"]);
    expect(log.reads).toBe(reads);
  });

  test("a hint is as good as a read, and one of another epoch sends it reading", async () => {
    const log = new Log();
    await log.watch.look();
    log.watch.onChanges({ epoch: "E1", entries: [reignEntry("first000", 10)] });
    expect(log.take()).toEqual(["reign first000"]);
    const { reads } = log;
    log.page = { ...log.page, entries: [], head: 100, epochs: [E1, E2] };
    log.watch.onChanges({ epoch: "E2", entries: [reignEntry("second00", 110, { epoch: "E2" })] });
    await log.watch.look();
    expect(log.take()).toEqual(["epoch"]);
    expect(log.reads - reads).toBe(2);
    expect(log.watch.newest?.name).toBe("first000");
  });

  test("a name that comes up during a read is read for once more, since the read may be older", async () => {
    const log = new Log();
    await log.watch.look();
    log.hold();
    const looking = log.watch.look();
    log.hear("first000", 1);
    log.hear("first000", 2);
    log.page = { ...log.page, entries: [reignEntry("first000", 10)], head: 10 };
    await log.answer();
    await looking;
    expect(log.take()).toEqual(["reign first000", "first000 1", "first000 2"]);
  });

  test("a reign of another node that began behind a loss of data has lost something, and one of the same has not", async () => {
    const log = new Log();
    log.page = { ...log.page, entries: [reignEntry("first000", 10)], head: 10 };
    await log.watch.look();
    log.page = {
      ...log.page,
      epochs: [E1, E2],
      entries: [reignEntry("second00", 110, { epoch: "E2" })],
      head: 110,
    };
    await log.watch.look();
    log.page = { ...log.page, epochs: [E1, E2, { epoch: "E3", base: 200 }] };
    log.page = {
      ...log.page,
      entries: [reignEntry("third000", 210, { epoch: "E3", node: "n1" })],
      head: 210,
    };
    await log.watch.look();
    expect(log.take()).toEqual(["reign first000", "epoch", "reign second00", "epoch", "reign third000 lost"]);
  });

  test("that a room has ended is not taken back by a read that began before", async () => {
    const log = new Log();
    await log.watch.look();
    log.hold();
    const looking = log.watch.look();
    log.watch.onChanges({ epoch: "E1", entries: [closedEntry(30)] });
    await log.answer();
    await looking;
    expect(log.take()).toEqual(["closed over"]);
    log.page = { ...log.page, head: 40 };
    await log.watch.look();
    expect(log.take()).toEqual(["closed undefined"]);
  });
});
