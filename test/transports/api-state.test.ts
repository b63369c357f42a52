/** Channels of keys in the HTTP API. */
import { request as httpRequest } from "node:http";
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
  type ClientHttp2Stream,
} from "node:http2";
import { connect, type AddressInfo } from "node:net";
import { state, stream, tidemark, type AppOptions } from "tidemark";
import { createMemoryHub } from "tidemark/broker";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { writePieces } from "../../src/server/transports/http/api-answers.js";
import type { HttpResponse } from "../../src/server/transports/http/exchange.js";
import { NUMBERS } from "../server/app-state/support.js";
import { quiet, serve, type Served } from "../server/support/serve.js";
import { ask, begin } from "./support/http.js";

const KEY = "correct-horse-battery";
const AUTHORIZED = { authorization: `Bearer ${KEY}` };

function makeApp(options: Partial<AppOptions<null>> = {}) {
  return tidemark({ ...quiet, apiKey: KEY, ...options }).channels({
    "keys/:id": state({ keys: 2000 }),
    "numbers/:id": state({ value: NUMBERS }),
    "chat/:id": stream(),
  });
}

let app: ReturnType<typeof makeApp>;
let served: Served;

beforeEach(async () => {
  app = makeApp();
  served = await serve(app);
});

async function get(path: string, headers: Record<string, string> = AUTHORIZED) {
  const { status, text } = await ask(`${served.http}/api/state/${path}`, { method: "GET", headers });
  return { status, text, body: JSON.parse(text) as Record<string, unknown> };
}

async function post(path: string, change: unknown, headers: Record<string, string> = AUTHORIZED) {
  const body = typeof change === "string" ? change : JSON.stringify(change);
  const { status, text } = await ask(`${served.http}/api/state/${path}`, { headers, body });
  return { status, body: JSON.parse(text) as Record<string, unknown> };
}

describe("GET /api/state", () => {
  test("A83: answers all keys, some of them, or those with a prefix, and as of where", async () => {
    const { cursor } = await app.state("keys/a").change({ set: { "web-1": { x: 1 }, "web-2": null, db: 1 } });
    expect(await get("keys/a")).toMatchObject({
      status: 200,
      body: { cursor, values: { "web-1": { x: 1 }, "web-2": null, db: 1 } },
    });
    expect((await get("keys/a?keys=db&keys=none&keys=web-2")).body).toEqual({
      cursor,
      values: { db: 1, "web-2": null },
    });
    expect((await get("keys/a?prefix=web-")).body["values"]).toEqual({ "web-1": { x: 1 }, "web-2": null });
    expect((await get("keys/empty")).body).toEqual({
      cursor: expect.stringMatching(/:0$/) as string,
      values: {},
    });
    const head = await ask(`${served.http}/api/state/keys/a`, { method: "HEAD", headers: AUTHORIZED });
    expect([head.status, head.text]).toEqual([200, ""]);
  });

  test("A83: takes names with anything in them, URI-encoded as a whole or segment by segment", async () => {
    await app.state("keys/:id", { id: "café/é" }).change({ set: { a: 1 } });
    const name = "keys/caf%C3%A9%2F%C3%A9";
    expect((await get(encodeURIComponent(name))).body["values"]).toEqual({ a: 1 });
    expect((await get(`keys/${encodeURIComponent("caf%C3%A9%2F%C3%A9")}`)).body["values"]).toEqual({ a: 1 });
    expect(await get("keys/%E0")).toMatchObject({ status: 400, body: { error: { code: "bad_request" } } });
    expect(await get("keys/a%00")).toMatchObject({ status: 400, body: { error: { code: "bad_request" } } });
  });

  test("A83: any key is one, __proto__ too", async () => {
    await post("keys/a", '{"set":{"__proto__":{"polluted":1},"10":2}}');
    const { text, body } = await get("keys/a");
    expect(text).toContain('"__proto__":{"polluted":1}');
    expect(Object.keys(body["values"] as object).toSorted()).toEqual(["10", "__proto__"]);
    expect((await get("keys/a?keys=__proto__")).text).toContain('"__proto__":{"polluted":1}');
  });

  test("A83: of a large channel comes as its reader takes it, and is of one moment", async () => {
    const keys = app.state("keys/a");
    const value = "x".repeat(10_000);
    await Promise.all(Array.from({ length: 1500 }, (_, n) => keys.set(`k${n}`, value)));
    const answer = await begin(`${served.http}/api/state/keys/a`, { method: "GET", headers: AUTHORIZED });
    answer.pause();
    await keys.change({ set: { k0: "changed" }, delete: ["k1499"] });
    answer.resume();
    await answer.until(() => (answer.ended ? true : undefined));
    const { values } = JSON.parse(answer.text) as { readonly values: Record<string, string> };
    expect(Object.keys(values).length).toBe(1500);
    expect(new Set(Object.values(values))).toEqual(new Set([value]));
    expect((await get("keys/a?keys=k0&keys=k1499")).body["values"]).toEqual({ k0: "changed" });
  });

  test.each([
    ["a channel that no pattern matches", "nothing/a", 404, "not_found"],
    ["a channel of another kind", "chat/a", 400, "wrong_kind"],
    ["keys and a prefix", "keys/a?keys=a&prefix=b", 400, "bad_request"],
    ["too many keys", `keys/a?${"keys=a&".repeat(1001)}`, 400, "bad_request"],
  ])("A83: refuses %s", async (_what, path, status, code) => {
    expect(await get(path)).toMatchObject({ status, body: { error: { code, retry: false } } });
  });

  test("A83: is answered to nobody without the key", async () => {
    expect(await get("keys/a", {})).toMatchObject({ status: 401, body: { error: { code: "unauthorized" } } });
    expect(await post("keys/a", { set: { a: 1 } }, {})).toMatchObject({ status: 401 });
    expect((await get("keys/a")).body["values"]).toEqual({});
    const put = await ask(`${served.http}/api/state/keys/a`, { method: "PUT", headers: AUTHORIZED });
    expect([put.status, put.headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
  });

  test("A83: a broker that is away is unavailable", async () => {
    const broker = createMemoryHub().broker();
    served = await serve(makeApp({ broker }));
    await broker.close();
    for (const path of ["keys/a", "keys/a?keys=a"]) {
      expect(await get(path)).toMatchObject({
        status: 503,
        body: { error: { code: "unavailable", retry: true } },
      });
    }
    expect(await post("keys/a", { set: { a: 1 } })).toMatchObject({
      status: 503,
      body: { error: { code: "outcome_unknown" } },
    });
  });
});

test("A83: over HTTP/2 too", async () => {
  const server = createHttp2Server();
  app.attach(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const large = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, "x".repeat(40_000)]));
  const path = "/api/state/keys/a";
  const posted = await over(session.request({ ":path": path, ":method": "POST", ...AUTHORIZED }), {
    set: large,
  });
  expect(posted).toMatchObject({ cursor: expect.any(String) as string });
  expect(await over(session.request({ ":path": path, ...AUTHORIZED }))).toMatchObject({ values: large });
  const head = session.request({ ":path": path, ":method": "HEAD", ...AUTHORIZED });
  expect(await over(head)).toBeUndefined();
});

test("A83: an answer that nobody reads is cut off", async () => {
  const listeners = new Map<string, () => void>();
  let whenSilent: (() => void) | undefined;
  let destroyed = 0;
  const response = {
    req: { complete: true },
    once: (event: string, run: () => void) => listeners.set(event, run),
    writeHead: () => response,
    write: () => false,
    end: () => {
      throw new Error("it was ended");
    },
    setTimeout: (_ms: number, run: () => void) => (whenSilent = run),
    destroy() {
      destroyed++;
      listeners.get("close")?.();
    },
  };
  const pieces = { made: 0 };
  function* endless(): Generator<string> {
    for (;;) {
      pieces.made++;
      yield "x".repeat(1000);
    }
  }
  const written = writePieces(response as unknown as HttpResponse, endless());
  expect(pieces.made).toBeLessThan(100);
  whenSilent?.();
  await written;
  expect([destroyed, pieces.made < 100]).toEqual([1, true]);
});

/** The body of an answer over HTTP/2. */
async function over(asking: ClientHttp2Stream, change?: unknown): Promise<unknown> {
  asking.setEncoding("utf8").end(change === undefined ? undefined : JSON.stringify(change));
  let text = "";
  for await (const part of asking) text += String(part);
  return text === "" ? undefined : JSON.parse(text);
}

describe("POST /api/state", () => {
  test("A84: makes a change, and answers where it is and whether anything has changed", async () => {
    const change = { set: { a: { x: 1 } }, merge: { b: { y: 2 } }, delete: ["c"] };
    const first = await post("keys/a", change);
    expect(first).toEqual({ status: 200, body: { cursor: expect.stringMatching(/:\d+$/) as string } });
    const again = await post("keys/a", { set: { a: { x: 1 } } });
    expect(again).toEqual({ status: 200, body: { cursor: first.body["cursor"], same: true } });
    expect((await get("keys/a")).body).toEqual({
      cursor: first.body["cursor"],
      values: { a: { x: 1 }, b: { y: 2 } },
    });
  });

  test("A84: where a condition does not hold is 409, with what there is and a cursor for the next try", async () => {
    await post("keys/a", { set: { a: 1 } });
    const { status, body } = await post("keys/a", { set: { a: 2 }, if: { absent: ["a"] } });
    expect([status, body]).toMatchObject([409, { error: { code: "conflict", now: { a: 1 } } }]);
    const { cursor } = body["error"] as { readonly cursor: string };
    expect(await post("keys/a", { set: { a: 2 }, if: { since: cursor, keys: ["a"] } })).toMatchObject({
      status: 200,
    });
  });

  test.each([
    ["what is no JSON", "keys/a", "{set:", 400, "bad_request"],
    ["what is not UTF-8", "keys/a", "\ud800", 400, "bad_request"],
    ["nothing", "keys/a", "", 400, "bad_request"],
    ["what is no change", "keys/a", "[]", 400, "bad_request"],
    ["a time to live that is none", "keys/a", { set: { a: 1 }, ttl: -1 }, 400, "bad_request"],
    ["a value that the schema does not take", "numbers/a", { set: { a: "b" } }, 400, "invalid"],
    ["a value that is too large", "keys/a", { set: { a: "x".repeat(70_000) } }, 413, "too_large"],
    ["a key that is too long", "keys/a", { set: { ["x".repeat(257)]: 1 } }, 422, "limit_reached"],
    ["a channel of another kind", "chat/a", { set: { a: 1 } }, 400, "wrong_kind"],
    ["a channel that there is not", "nothing/a", { set: { a: 1 } }, 404, "not_found"],
  ])("A84: refuses %s", async (_what, path, change, status, code) => {
    expect(await post(path, change)).toMatchObject({ status, body: { error: { code, retry: false } } });
  });

  test("A84: where the channel is full is 422, and says what there is too much of", async () => {
    await app.state("keys/a").set(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`a${n}`, n])));
    await app.state("keys/a").set(Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`b${n}`, n])));
    expect(await post("keys/a", { set: { one: 1 } })).toMatchObject({
      status: 422,
      body: { error: { code: "limit_reached", limit: "keys" } },
    });
  });

  test("A84: a body of more than 2 MiB is 413, whether it says so or not", async () => {
    const large = JSON.stringify({ set: { a: "x".repeat(2 * 1024 * 1024) } });
    expect(await post("keys/a", large)).toMatchObject({
      status: 413,
      body: { error: { code: "too_large" } },
    });
    const chunked = await new Promise<number>((resolve, reject) => {
      const asking = httpRequest(
        `${served.http}/api/state/keys/a`,
        { method: "POST", headers: AUTHORIZED, agent: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      asking.on("error", reject);
      asking.write(large.slice(0, 1_500_000));
      asking.write(large.slice(1_500_000));
    });
    expect(chunked).toBe(413);
    expect((await get("keys/a")).body["values"]).toEqual({});
  });

  test("A84: a body that does not come to its end is not waited for", async () => {
    served = await serve(makeApp({ limits: { connectTimeout: 200 } }));
    const socket = connect(served.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    let text = "";
    socket.on("data", (data: Buffer) => (text += data.toString()));
    socket.write(
      `POST /api/state/keys/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${KEY}\r\ncontent-length: 100\r\n\r\n{"set":`,
    );
    await new Promise((resolve) => socket.once("close", resolve));
    expect(text).toMatch(/^HTTP\/1\.1 503 [^]*"code":"unavailable"/);
  });

  test("A84: a body that is compressed is refused", async () => {
    expect(
      await post("keys/a", { set: { a: 1 } }, { ...AUTHORIZED, "content-encoding": "gzip" }),
    ).toMatchObject({ status: 400, body: { error: { code: "bad_request" } } });
  });
});
