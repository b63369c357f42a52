/** R9: what whoever looks after processes makes of their deaths. */
import { readdirSync } from "node:fs";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryHub, type Broker } from "../../src/broker/index.js";
import { silentLogger } from "../../src/server/logger.js";
import { readRoom } from "../../src/server/kinds/room/owner/read-room.js";
import { roomLogOptions } from "../../src/server/kinds/room/owner/room-log.js";
import {
  MarkFile,
  MARKS_FOLDER,
  writeMark,
  type MarkState,
} from "../../src/server/kinds/room/watch/mark-file.js";
import { watchedOf, type WatchedReign } from "../../src/server/kinds/room/watch/steps.js";
import { judgeDeath, RoomDeaths } from "../../src/workers/room-deaths.js";

const ROOM = "arena/1";

describe("R9: a process that has ended", () => {
  const reign: WatchedReign = { room: ROOM, reign: "aaaaaaaa", owner: "a", held: undefined };
  const judge = (state: MarkState | undefined, code: number | null, signal: string | null): string =>
    judgeDeath(state && { state, reign }, { code, signal });

  test("by itself, in the code of a room, died of it", () => {
    for (const signal of ["SIGABRT", "SIGTRAP", "SIGILL", "SIGSEGV"])
      expect(judge("in", null, signal)).toBe("to mark");
    expect(judge("in", 134, null)).toBe("to mark");
  });

  test("by somebody's hand, or in good order, blames nobody", () => {
    for (const signal of ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
      expect(judge("in", null, signal)).toBe("nothing");
    for (const code of [0, 1, 7]) expect(judge("in", code, null)).toBe("nothing");
  });

  test("outside of the code of rooms blames none of them", () => {
    expect(judge("out", null, "SIGABRT")).toBe("nothing");
    expect(judge(undefined, null, "SIGABRT")).toBe("nothing");
  });

  test("by its watchdog has said which room it was, and whether its log says so already", () => {
    expect(judge("stuck", null, "SIGKILL")).toBe("to mark");
    expect(judge("marked", null, "SIGKILL")).toBe("marked");
  });
});

describe("R9: whoever looks after processes", () => {
  interface Seen {
    readonly broker: Broker;
    readonly deaths: RoomDeaths;
    readonly folder: string;
    readonly opened: () => number;
  }

  function seen(open?: () => Promise<Broker>): Seen {
    const hub = createMemoryHub();
    const broker = hub.broker();
    let opened = 0;
    const deaths = new RoomDeaths({
      log: silentLogger,
      open: async () => {
        opened++;
        return open === undefined ? broker : open();
      },
    });
    onTestFinished(async () => {
      deaths.close();
      await broker.close();
    });
    return { broker, deaths, folder: deaths.env[MARKS_FOLDER] ?? "", opened: () => opened };
  }

  async function reignOver(broker: Broker): Promise<WatchedReign> {
    const asked = { ttl: 3000, secret: "secret", note: "" };
    const reign = await broker.reign(ROOM, asked, roomLogOptions());
    if ("heldBy" in reign) throw new Error("nobody else has it");
    return { room: ROOM, reign: "aaaaaaaa", owner: "a", held: { ...asked, token: reign.token } };
  }

  function leave(folder: string, pid: number, state: MarkState, reign: WatchedReign): void {
    writeMark(MarkFile.open(folder, pid).fd, state, watchedOf(reign).bytes);
  }

  test("marks the room's log at once, and forgets the file", async () => {
    const { broker, deaths, folder } = seen();
    leave(folder, 4711, "in", await reignOver(broker));
    expect(await deaths.ended({ pid: 4711, code: null, signal: "SIGABRT" })).toBe(true);
    expect((await readRoom(broker, ROOM)).isStuck).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
    expect(await deaths.ended({ pid: 4711, code: null, signal: "SIGABRT" })).toBe(false);
  });

  test("leaves rooms alone that have another owner by now", async () => {
    const { broker, deaths, folder } = seen();
    const reign = await reignOver(broker);
    const held = reign.held && { ...reign.held, token: "of an older reign" };
    leave(folder, 1, "stuck", { ...reign, held });
    expect(await deaths.ended({ pid: 1, code: null, signal: "SIGKILL" })).toBe(false);
    expect((await readRoom(broker, ROOM)).isStuck).toBe(false);
  });

  test("asks for the logs only where there is something to say, and again where that failed", async () => {
    let isAway = true;
    const store = createMemoryHub().broker();
    const { deaths, folder, opened } = seen(() =>
      isAway ? Promise.reject(new Error("it is away")) : Promise.resolve(store),
    );
    const reign = await reignOver(store);
    expect(await deaths.ended({ pid: 1, code: 1, signal: null })).toBe(false);
    leave(folder, 2, "marked", reign);
    expect(await deaths.ended({ pid: 2, code: null, signal: "SIGKILL" })).toBe(true);
    expect(opened()).toBe(0);
    leave(folder, 3, "stuck", reign);
    expect(await deaths.ended({ pid: 3, code: null, signal: "SIGKILL" })).toBe(false);
    isAway = false;
    leave(folder, 4, "stuck", reign);
    expect(await deaths.ended({ pid: 4, code: null, signal: "SIGKILL" })).toBe(true);
    expect(opened()).toBe(2);
  });
});
