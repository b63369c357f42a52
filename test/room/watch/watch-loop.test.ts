/** R9, in virtual time: a process of which one thread stands still in a room, and the thread beside it. */
import { describe, expect, test } from "vitest";
import type { ThreadWriter } from "../../../src/broker/index.js";
import type { MarkState } from "../../../src/server/kinds/room/watch/mark-file.js";
import type { Processor } from "../../../src/server/kinds/room/watch/stall-judge.js";
import { newStepMemory, StepReader, StepWriter } from "../../../src/server/kinds/room/watch/step-memory.js";
import { watchedOf, type StepName } from "../../../src/server/kinds/room/watch/steps.js";
import { WatchLoop, type Verdict } from "../../../src/server/kinds/room/watch/watch-loop.js";
import type { TestNode } from "../owner/support/cluster.js";
import { sceneOf, type Scene } from "../owner/support/scene.js";

const ROOM = "counter/1";
/** Longer than half of a reign in these tests, as in use. */
const STALL = 600;

/** The thread beside a node's own. */
class Beside {
  readonly notes: string[] = [];
  readonly verdicts: Verdict[] = [];
  readonly steps: StepWriter;
  opened = 0;
  closed = 0;
  processor: Processor | undefined;
  /** What becomes of a way to the logs. */
  writer: () => Promise<ThreadWriter>;
  readonly loop: WatchLoop;
  readonly #node: TestNode;

  constructor(scene: Scene, node: TestNode, { hasWay = true } = {}) {
    const memory = newStepMemory();
    const outside = scene.cluster.writer();
    this.#node = node;
    this.steps = new StepWriter(memory);
    this.writer = () =>
      Promise.resolve({
        change: (...args) => outside.change(...args),
        reign: (...args) => outside.reign(...args),
        send: (...args) => outside.send(...args),
        close: async () => void this.closed++,
      });
    this.loop = new WatchLoop({
      memory: new StepReader(memory),
      clock: scene.cluster.clock,
      stall: STALL,
      processor: () => this.processor,
      open: hasWay ? () => (this.opened++, this.writer()) : undefined,
      where: async () => ["move (arena.js:1:2)"],
      note: (state: MarkState, reign) => this.notes.push(`${state} ${reign?.room ?? ""}`.trim()),
      end: (verdict) => {
        this.verdicts.push(verdict);
        scene.cluster.kill(node);
      },
    });
  }

  /** The node's own thread stands still in a step of a room. */
  standStill(step: StepName = "tick", channel = ROOM): void {
    const owner = this.#node.rooms.get(channel);
    if (owner === undefined) throw new Error(`it does not own ${channel}`);
    this.steps.begin(owner.watched, 500, step);
    this.#node.process.pause();
  }

  goOn(): void {
    this.#node.process.resume();
    this.steps.end();
  }
}

describe("R9: a room that stands still", () => {
  test("is marked in its log before its process ends, and while nobody else has it; then others may have it at once", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", a);
    await scene.advance(1500);
    const beside = new Beside(scene, a);
    const was = a.rooms.get(ROOM)?.reign ?? "";
    beside.standStill("input");
    const placing = b.rooms.place(ROOM, { was });
    await scene.untilSo(() => beside.verdicts.length > 0);
    expect(beside.verdicts).toMatchObject([
      { room: ROOM, tick: 500, step: "input", marked: true, at: ["move (arena.js:1:2)"] },
    ]);
    expect(beside.verdicts[0]?.stood).toBeGreaterThanOrEqual(STALL);
    expect(beside.notes).toEqual([`in ${ROOM}`, `stuck ${ROOM}`, `marked ${ROOM}`]);
    const ended = scene.now;
    expect(await scene.until(placing)).toMatchObject({ owner: "b" });
    expect(scene.now - ended).toBeLessThan(1000);
    expect((await scene.cluster.logOf(ROOM)).reign).toMatchObject({ n: 2, short: 1, node: "b" });
    scene.check(ROOM);
  });

  test("keeps its reign meanwhile, though its owner cannot renew it: the mark is never too late", async () => {
    for (const rest of [0, 100, 200, 300]) {
      const scene = sceneOf({ nodes: 2 });
      const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
      await scene.own(ROOM, a);
      // Wherever between two renewals it begins to stand still.
      await scene.advance(1500 + rest);
      const beside = new Beside(scene, a);
      const was = a.rooms.get(ROOM)?.reign ?? "";
      beside.standStill();
      const placing = b.rooms.place(ROOM, { was });
      await scene.until(placing);
      expect(beside.verdicts).toMatchObject([{ marked: true }]);
      expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(1);
    }
  });

  test("goes on as if nothing had been where it moves again in time", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    await scene.own(ROOM, a);
    await scene.advance(500);
    const beside = new Beside(scene, a);
    beside.standStill();
    await scene.advance(STALL - 100);
    expect(beside.opened).toBe(1);
    beside.goOn();
    await scene.advance(3000);
    expect(beside.verdicts).toEqual([]);
    expect(beside.notes).toEqual([`in ${ROOM}`, "out"]);
    expect(beside.closed).toBe(1);
    expect(scene.cluster.ownerOf(ROOM)).toBe(a);
    const log = await scene.cluster.logOf(ROOM);
    expect(log).toMatchObject({ isStuck: false, reign: { n: 1, short: 0 } });
    beside.loop.close();
    scene.check(ROOM);
  });

  test("ends its process without a mark where there is no way to the log, or no answer from it; who looks after the process reads of it", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", b);
    const without = new Beside(scene, a, { hasWay: false });
    without.standStill();
    const unanswered = new Beside(scene, b);
    unanswered.writer = () => new Promise(() => {});
    unanswered.standStill("tick", "counter/2");
    await scene.advance(STALL + 1200);
    expect(without.verdicts).toMatchObject([{ room: ROOM, marked: false }]);
    expect(unanswered.verdicts).toMatchObject([{ room: "counter/2", marked: false }]);
    for (const { notes } of [without, unanswered]) expect(notes.at(-1)).toMatch(/^stuck/);
  });

  test("is not marked where another one reigns already, and nothing of that one is touched", async () => {
    const scene = sceneOf({ nodes: 2 });
    const [a, b] = [scene.cluster.node(0), scene.cluster.node(1)];
    await scene.own(ROOM, a);
    await scene.own("counter/2", a);
    await scene.advance(1500);
    const was = a.rooms.get(ROOM)?.reign ?? "";
    const watched = a.rooms.get(ROOM)?.watched;
    a.way.isCut = true;
    await scene.until(b.rooms.place(ROOM, { was }));
    const beside = new Beside(scene, a);
    if (watched === undefined) throw new Error("it had the room");
    beside.steps.begin(watched, 7, "tick");
    await scene.untilSo(() => beside.verdicts.length > 0);
    expect(beside.verdicts).toMatchObject([{ marked: false }]);
    await scene.advance(2000);
    expect(await scene.cluster.logOf(ROOM)).toMatchObject({ isStuck: false, reign: { n: 2, node: "b" } });
    expect(scene.cluster.ownerOf(ROOM)).toBe(b);
    scene.check(ROOM);
  });

  test("in the view of a node with players is told to its owner, who lets go of it and says why", async () => {
    const scene = sceneOf({ nodes: 3 });
    const [a, b, c] = [scene.cluster.node(0), scene.cluster.node(1), scene.cluster.node(2)];
    await scene.own(ROOM, a);
    await scene.advance(1500);
    const reign = a.rooms.get(ROOM)?.reign ?? "";
    const beside = new Beside(scene, b);
    beside.steps.begin(watchedOf({ room: ROOM, reign, owner: "a", held: undefined }), 30, "view");
    await scene.untilSo(() => beside.verdicts.length > 0);
    expect(beside.verdicts).toMatchObject([{ room: ROOM, step: "view", marked: true }]);
    await scene.untilSo(() => a.rooms.get(ROOM) === undefined);
    expect(await scene.cluster.logOf(ROOM)).toMatchObject({ isStuck: true });
    await scene.until(c.rooms.place(ROOM, { was: reign }));
    expect((await scene.cluster.logOf(ROOM)).reign?.short).toBe(1);
    scene.check(ROOM);
  });

  test("that its system gives no processor is waited for", async () => {
    const scene = sceneOf({ nodes: 1 });
    const a = scene.cluster.node(0);
    await scene.own(ROOM, a);
    const beside = new Beside(scene, a);
    beside.processor = { is: "running", spent: 100 };
    beside.standStill();
    await scene.advance(10 * STALL);
    expect(beside.verdicts).toEqual([]);
    beside.goOn();
    await scene.advance(100);
    beside.loop.close();
  });
});
