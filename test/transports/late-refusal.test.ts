/** Requests that are refused late: whatever came between, their answer had not begun, and nobody else notices. */
import { expect, onTestFinished, test } from "vitest";
import { TidemarkError, stream, tidemark } from "tidemark";
import { VirtualClock } from "tidemark/testing";
import { deferred, listeningLogger } from "../server/support/serve.js";
import { ask, type Answer } from "./support/http.js";

interface Case {
  readonly path: string;
  readonly method: string;
  readonly body?: string;
  readonly status: number;
  readonly code: string;
}

const CONNECT = (token: string, subs: object = {}): string =>
  JSON.stringify({ id: 1, connect: { token, subs } });

const CASES: Readonly<Record<string, Case>> = {
  "events of a channel that is refused": {
    path: "sse?channel=mine/x&token=late",
    method: "GET",
    status: 403,
    code: "forbidden",
  },
  "events of a channel that is not there": {
    path: "sse?channel=none/x&token=late",
    method: "GET",
    status: 404,
    code: "not_found",
  },
  "events for somebody who is refused": {
    path: "sse?channel=chat/x&token=refused",
    method: "GET",
    status: 401,
    code: "banned",
  },
  "a stream for somebody who is refused": {
    path: "stream",
    method: "POST",
    body: CONNECT("refused"),
    status: 401,
    code: "banned",
  },
  "a poll for somebody who is refused": {
    path: "poll",
    method: "POST",
    body: CONNECT("refused"),
    status: 401,
    code: "banned",
  },
  "commands of somebody who is refused": {
    path: "send",
    method: "POST",
    body: `${CONNECT("refused")}\n{"id":2,"publish":"chat/x","data":1}`,
    status: 401,
    code: "banned",
  },
};

async function setUp() {
  const clock = new VirtualClock();
  const asked = deferred();
  const verdict = deferred();
  const log = listeningLogger();
  const app = tidemark<string | null>({
    clock,
    log,
    authenticate: async ({ token = null }) => {
      if (token === null) return null;
      asked.resolve();
      await verdict.promise;
      if (token === "refused") throw new TidemarkError("banned", "not you");
      return token;
    },
  }).channels({
    "chat/:id": stream(),
    "mine/:id": stream({ allow: () => false }),
  });
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return { clock, asked, verdict, log, url: `http://127.0.0.1:${port}/connect` };
}

/** Lets what is due happen until the answer is there. */
async function settled(clock: VirtualClock, answer: Promise<Answer>): Promise<Answer> {
  let found: Answer | undefined;
  void answer.then((whole) => (found = whole));
  while (found === undefined) await clock.settle();
  return found;
}

test.each(Object.keys(CASES))(
  "H15, K18: %s, pinged before it is known: a status and nothing else",
  async (which) => {
    const { path, status, code, ...what } = CASES[which] ?? expect.fail(which);
    const { clock, asked, verdict, log, url } = await setUp();
    const answer = ask(`${url}/${path}`, what);
    await asked.promise;
    // Each connection is pinged in this time, and those that have not answered an earlier ping are looked at.
    await clock.advance(60_000);
    verdict.resolve();
    const got = await settled(clock, answer);
    expect(got.status).toBe(status);
    expect(got.text.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(got.text)).toMatchObject({ error: { code } });
    expect(log.lines.filter(({ level }) => level === "error")).toEqual([]);
  },
);

test("H15: one that is let in late begins with the answer to connect", async () => {
  const { clock, asked, verdict, url } = await setUp();
  const answer = ask(`${url}/poll?wait=0`, { body: CONNECT("late") });
  await asked.promise;
  await clock.advance(60_000);
  verdict.resolve();
  const { status, lines } = await settled(clock, answer);
  expect(status).toBe(200);
  expect(lines).toMatchObject([{ id: 1, ok: {} }, {}]);
});
