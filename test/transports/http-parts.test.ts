/** Messages in parts, and long bodies, over HTTP: bare requests to a real port, in a time that passes when it is told to. */
import { request } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemoryHub } from "../../src/broker/index.js";
import type { IncompleteMessages } from "../../src/server/connection/limits/incomplete.js";
import { bytes, stream, tidemark, type ConnectionLimits } from "../../src/server/index.js";
import { seededRandom } from "../../src/testing/index.js";
import { TestClock } from "../../src/testing/test-clock.js";
import { binaryFrame, inParts, someBytes } from "../server/support/incoming-parts.js";
import { deferred, quiet, serve } from "../server/support/serve.js";
import { nextTurn } from "../server/support/sockets.js";
import { ask, type Answer } from "./support/http.js";

const KIB = 1024;
const MIB = 1024 * KIB;
const OK = { offset: expect.any(Number) as number };
const OCTETS = { "content-type": "application/octet-stream" };

interface Served {
  readonly url: string;
  /** What the hook was given. */
  readonly came: Uint8Array[];
  readonly room: IncompleteMessages;
  readonly clock: TestClock;
}

/** Messages of 2 MiB may come, unless that is set. */
async function served(
  limits: Partial<ConnectionLimits> = {},
  gate: Promise<void> = Promise.resolve(),
): Promise<Served> {
  const came: Uint8Array[] = [];
  const app = tidemark({ ...quiet, limits: { binary: 2 * MIB, ...limits } }).channels({
    "files/:id": stream({
      message: bytes(),
      onPublish: ({ data }) => {
        came.push(data.slice());
        return gate.then(() => new Uint8Array(0));
      },
    }),
  });
  const clock = new TestClock(1_700_000_000_000);
  const random = seededRandom(7);
  const engine = app.runIn({ clock, random, broker: createMemoryHub({ clock, random }).broker() });
  const { http } = await serve(app);
  return { url: `${http}/connect/send`, came, room: engine.node.incomplete, clock };
}

const post = (url: string, frame: Uint8Array): Promise<Answer> =>
  ask(url, { headers: OCTETS, body: Buffer.from(frame) });
const answerTo = (answer: Answer, id: number): unknown => answer.lines.find((line) => line["id"] === id);

/** A request whose body is not whole yet, and the status of its answer once there is one. */
function unfinished(url: string, sent: Uint8Array): { status: Promise<number | undefined>; end(): void } {
  const asking = request(url, { method: "POST", headers: OCTETS, agent: false });
  onTestFinished(() => void asking.destroy());
  asking.write(sent);
  const status = new Promise<number | undefined>((resolve) => {
    asking.on("response", (message) => resolve(message.resume().statusCode));
    asking.on("error", () => resolve(undefined));
  });
  return { status, end: () => void asking.end() };
}

/** Waits for what needs nothing but turns of the event loop. */
async function until(what: () => boolean): Promise<void> {
  for (let turns = 0; !what(); turns++) {
    if (turns > 100_000) throw new Error("it does not come to that");
    await nextTurn();
  }
}

describe("P28: parts in one request", () => {
  test("P28: are one publish, in a body that is longer than a frame; other commands may come in between", async () => {
    const { url, came, room } = await served();
    const data = someBytes(2 * MIB);
    const [first, ...others] = inParts({ id: 5, publish: "files/a", idem: 1 }, data, 47_000);
    if (first === undefined) throw new Error("there is no part");
    const between = { line: { id: 6, publish: "files/b", bytes: 2 }, bytes: someBytes(2) };
    const answer = await post(url, binaryFrame({ connect: {} }, first, between, ...others));
    expect(answer.status).toBe(200);
    expect([answerTo(answer, 5), answerTo(answer, 6)]).toEqual([
      { id: 5, ok: OK },
      { id: 6, ok: OK },
    ]);
    expect(came.map(({ length }) => length)).toEqual([2, 2 * MIB]);
    expect(Buffer.compare(came[1] ?? data.subarray(1), data)).toBe(0);
    await until(() => room.held === 0);
  });

  test("P28: a first part and a whole publish drop what there is, as over WebSocket", async () => {
    const { url, came } = await served();
    const answer = await post(
      url,
      binaryFrame(
        { connect: {} },
        ...inParts({ id: 5, publish: "files/a" }, someBytes(9), 4).slice(0, 1),
        { line: { id: 6, publish: "files/a", bytes: 2 }, bytes: someBytes(2) },
        ...inParts({ id: 7, publish: "files/a" }, someBytes(9), 4).slice(0, 2),
        ...inParts({ id: 8, publish: "files/b" }, someBytes(7), 4),
      ),
    );
    expect([5, 6, 7, 8].map((id) => answerTo(answer, id) !== undefined)).toEqual([false, true, false, true]);
    expect(came.map(({ length }) => length)).toEqual([2, 7]);
  });

  test.each([
    ["whose last part is missing", [0, 1], "all parts of a message must be in one request"],
    ["with a hole", [0, 2], 'part 2 of "files/a" is not the next; part 1 of "files/a" would be'],
    ["that goes on from another request", [1, 2], 'part 1 of "files/a" is not the next; part 0 would be'],
  ])("P28: a message %s is refused, and nothing of the request is carried out", async (_, which, message) => {
    const { url, came } = await served();
    const parts = inParts({ id: 5, publish: "files/a" }, someBytes(10), 4);
    const chosen = parts.filter((_part, i) => which.includes(i));
    const before = { line: { id: 4, publish: "files/b", bytes: 1 }, bytes: someBytes(1) };
    const { status, lines } = await post(url, binaryFrame({ connect: {} }, before, ...chosen));
    expect([status, lines]).toMatchObject([400, [{ close: 1008, error: { code: "bad_request", message } }]]);
    expect(came).toEqual([]);
  });

  test("P28, P26: the body has room for one of the largest, and what is larger is too_large", async () => {
    const { url } = await served({ binary: 200 * KIB });
    const over = inParts({ id: 5, publish: "files/a" }, someBytes(201 * KIB), 50 * KIB);
    const answer = await post(url, binaryFrame({ connect: {} }, ...over));
    expect(answerTo(answer, 5)).toMatchObject({ error: { code: "too_large" } });
    const longer = inParts({ id: 5, publish: "files/a" }, someBytes(329 * KIB), 50 * KIB);
    expect((await post(url, binaryFrame({ connect: {} }, ...longer))).status).toBe(413);
  });

  test("P28, W34: other bodies are no longer than a frame", async () => {
    const { url } = await served();
    const long = " ".repeat(132 * KIB);
    expect((await ask(url, { body: `{"connect":{}}\n${long}` })).status).toBe(413);
    const poll = url.replace("/send", "/poll");
    expect((await ask(poll, { headers: OCTETS, body: `{"connect":{}}\n${long}` })).status).toBe(413);
    const plain = await served({ binary: 64 * KIB });
    expect((await ask(plain.url, { headers: OCTETS, body: `{"connect":{}}\n${long}` })).status).toBe(413);
  });
});

describe("W38: long bodies", () => {
  test("W38: the one that has waited longest for more gives way with 503, overloaded", async () => {
    const { url, room } = await served();
    const used = 64 * MIB - 1 * MIB;
    room.hold(used);
    const slow = unfinished(url, new Uint8Array(300 * KIB));
    await until(() => room.held >= used + 300 * KIB);
    const data = inParts({ id: 5, publish: "files/a" }, someBytes(900 * KIB), 47_000);
    const answer = await post(url, binaryFrame({ connect: {} }, ...data));
    expect(answerTo(answer, 5)).toEqual({ id: 5, ok: OK });
    expect(await slow.status).toBe(503);
    await until(() => room.held === used);
  });

  test("W38: who finds no room at all hears it, and when to come back", async () => {
    const { url, room } = await served();
    room.hold(64 * MIB - 100);
    const data = inParts({ id: 5, publish: "files/a" }, someBytes(140 * KIB), 47_000);
    const { status, headers, lines } = await post(url, binaryFrame({ connect: {} }, ...data));
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    expect(lines).toMatchObject([{ close: 4006, error: { code: "overloaded", retry: true, after: 1000 } }]);
    expect(room.held).toBe(64 * MIB - 100);
  });

  test("W38: a long one counts until its answer has ended, and gives no way any more when it is whole", async () => {
    const gate = deferred();
    const { url, came, room } = await served({}, gate.promise);
    const data = inParts({ id: 5, publish: "files/a" }, someBytes(900 * KIB), 47_000);
    const answer = post(url, binaryFrame({ connect: {} }, ...data));
    await until(() => came.length > 0);
    expect([room.held >= 900 * KIB, room.size]).toEqual([true, 0]);
    gate.resolve();
    expect(answerTo(await answer, 5)).toEqual({ id: 5, ok: OK });
    await until(() => room.held === 0);
  });

  test("W38, K16: a request that is given up gives back what it held", async () => {
    const { url, room } = await served();
    const asking = request(url, { method: "POST", headers: OCTETS, agent: false });
    asking.on("error", () => {});
    asking.write(new Uint8Array(300 * KIB));
    await until(() => room.held >= 300 * KIB);
    asking.destroy();
    await until(() => room.held === 0 && room.size === 0);
  });

  test("P28, K35: a long body has a second more for each KiB that has come, and then 408", async () => {
    const { url, room, clock } = await served();
    const slow = unfinished(url, new Uint8Array(300 * KIB));
    let status: number | undefined | "none" = "none";
    void slow.status.then((one) => (status = one));
    await until(() => room.held >= 300 * KIB);
    for (let i = 0; i < 300; i++) await clock.pass(1000);
    expect([status, room.size]).toEqual(["none", 1]);
    for (let i = 0; i < 20; i++) await clock.pass(1000);
    expect(await slow.status).toBe(408);
    expect(room.held).toBe(0);
  });
});
