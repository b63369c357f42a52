/** The HTTP transports as bare requests: what docs/protocol.md says of them, without a client. */
import { createConnection, type Socket } from "node:net";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { ask, begin, body } from "./support/http.js";
import { app, url, serve, CONNECT } from "./support/http-app.js";

/** So many equal requests at once, on one socket. */
function pipelined(endpoint: string, text: string, count: number): Socket {
  const { hostname, port, pathname, host } = new URL(url);
  const post = [
    `POST ${pathname}/${endpoint} HTTP/1.1`,
    `Host: ${host}`,
    `Content-Length: ${text.length}`,
    "Content-Type: application/json",
    "",
    text,
  ].join("\r\n");
  const socket = createConnection({ port: Number(port), host: hostname });
  onTestFinished(() => void socket.destroy());
  socket.write(post.repeat(count));
  return socket;
}

describe("a stream", () => {
  beforeEach(() => serve());

  test("H2: begins with padding and the answer to connect, and goes on with messages", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/x-ndjson; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
    });
    const [ok] = await answer.until(() => (answer.lines.length > 0 ? answer.lines : undefined));
    expect(ok).toMatchObject({ id: 1, ok: { durability: "memory", subs: { "log/a": { kind: "stream" } } } });
    expect(answer.text.indexOf("{")).toBeGreaterThan(2000);
    const { offset } = await app.publishTo("log/a", { text: "hi" });
    const message = await answer.until(() => answer.lines.find(Array.isArray));
    expect(message.slice(1)).toEqual([offset, { text: "hi" }]);
    expect(answer.text.endsWith("\n\n")).toBe(true);
  });

  test("H1: bytes come as a line of base64", async () => {
    const answer = await begin(`${url}/stream`, { body: body({ connect: { subs: { "files/a": {} } } }) });
    await app.publishTo("files/a", Uint8Array.from([0, 10, 255]));
    await answer.until(() => (answer.text.includes("AAr/") ? true : undefined));
    expect(answer.text).toMatch(/\n\[\d+,\d+,null,\{"bytes":3\}\]\nAAr\/\n\n$/);
  });

  test("H6: a server that stops says so in the last line", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    await app.close();
    expect((await answer.end()).at(-1)).toEqual({ close: 4000, reason: "the server is stopping" });
  });

  test("H3: one that has lasted long enough ends with {}, to be asked for again", async () => {
    await serve({ http: { stream: 50 } });
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    expect((await answer.end()).at(-1)).toEqual({});
  });

  test("H4: whoever hangs up is gone from the server", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    expect(app.stats.connections).toBe(1);
    answer.drop();
    await expect.poll(() => app.stats.connections).toBe(0);
  });

  test("H4: so is whoever hangs up while answers of theirs wait behind another", async () => {
    const socket = pipelined("send", body({ connect: {} }, { id: 1, call: "never" }), 3);
    await expect.poll(() => app.stats.connections).toBe(3);
    socket.destroy();
    await expect.poll(() => app.stats.connections).toBe(0);
  });

  test("H46: one that waits ends when another request comes behind it on its socket", async () => {
    for (const endpoint of ["stream", "poll"]) {
      const socket = pipelined(endpoint, body(CONNECT), 3);
      let text = "";
      socket.setEncoding("utf8").on("data", (data: string) => (text += data));
      await expect.poll(() => text.match(/\{\}\s*\r\n0\r\n\r\nHTTP/g)?.length).toBe(2);
      await expect.poll(() => app.stats.connections).toBe(1);
      socket.destroy();
      await expect.poll(() => app.stats.connections).toBe(0);
    }
  });

  test("F4: one that is not read holds no more than its share, and gets everything when it is read", async () => {
    const answer = await begin(`${url}/stream`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    answer.pause();
    const text = "x".repeat(1000);
    for (let n = 0; n < 8000; n++) await app.publishTo("log/a", [n, text]);
    answer.resume();
    const count = (): number => answer.text.split(`"${text}"`).length - 1;
    await answer.until(() => (count() >= 8000 ? true : undefined));
    const numbers = answer.lines.filter(Array.isArray).map((message) => (message[2] as unknown[])[0]);
    expect(numbers).toEqual(Array.from({ length: 8000 }, (_, n) => n));
  });
});

describe("a poll", () => {
  beforeEach(() => serve());

  test("H7: is over as soon as there is something besides the answer to connect", async () => {
    const answer = await begin(`${url}/poll`, { body: body(CONNECT) });
    await answer.until(() => answer.lines[0]);
    expect(answer.ended).toBe(false);
    await app.publishTo("log/a", "hi");
    const lines = await answer.end();
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain("hi");
    expect(lines[2]).toEqual({});
  });

  test("H7: goes on from a cursor at once, where there is something", async () => {
    const first = (await ask(`${url}/poll?wait=0`, { body: body(CONNECT) })).lines[0] as {
      ok: { subs: Record<string, unknown> };
    };
    await app.publishTo("log/a", "missed");
    const { lines } = await ask(`${url}/poll`, {
      body: body({ id: 1, connect: { subs: { "log/a": first.ok.subs["log/a"] } } }),
    });
    expect((lines as unknown[]).filter(Array.isArray).map((message) => (message as unknown[])[2])).toEqual([
      "missed",
    ]);
  });

  test("H7: is over at once when it was asked not to wait, or when a channel was refused", async () => {
    const quick = await ask(`${url}/poll?wait=0`, { body: body(CONNECT) });
    expect(quick.lines).toHaveLength(2);
    const refused = await ask(`${url}/poll`, {
      body: body({ connect: { subs: { "closed/a": {}, "log/a": {} } }, id: 1 }),
    });
    expect(refused.lines[0]).toMatchObject({
      ok: { subs: { "closed/a": { error: { code: "forbidden" } } } },
    });
  });

  test("H7: waits as long as the server allows, and no longer", async () => {
    await serve({ http: { poll: 30 } });
    for (const wait of ["", "?wait=100000", "?wait=nonsense", "?wait=-1"]) {
      const { lines } = await ask(`${url}/poll${wait}`, { body: body(CONNECT) });
      expect(lines.at(-1)).toEqual({});
    }
  });
});

describe("what is refused", () => {
  beforeEach(() => serve());

  const big = body({ connect: { token: "x".repeat(200_000) } });
  test.each([
    [
      "a token",
      "/stream",
      body({ id: 7, connect: { token: "mallory" } }),
      401,
      { close: 4500, id: 7, error: { code: "banned" } },
    ],
    [
      "a token, of commands",
      "/send",
      body({ connect: { token: "mallory" } }, { id: 1, call: "echo" }),
      401,
      { close: 4500, error: { code: "banned" } },
    ],
    [
      "a token, of a poll",
      "/poll",
      body({ id: 7, connect: { token: "mallory" } }),
      401,
      { close: 4500, id: 7, error: { code: "banned" } },
    ],
    [
      "for now",
      "/stream",
      body({ id: 7, connect: { token: "late" } }),
      503,
      { close: 4006, error: { code: "busy", retry: true, after: 1500 } },
    ],
    ["what is no JSON", "/stream", "hello", 400, { close: 1007 }],
    ["what is no UTF-8", "/stream", Buffer.from([0xff, 0xfe]), 400, { close: 1007 }],
    ["an empty body", "/stream", "", 400, { close: 1008 }],
    ["another command", "/stream", body({ subscribe: "log/a" }), 400, { close: 1008 }],
    ["two commands", "/poll", body(CONNECT, CONNECT), 400, { close: 1008 }],
    ["a bad field", "/stream", body({ connect: { subs: { "log/a": { last: -1 } } } }), 400, { close: 1008 }],
    ["a body over the limit", "/stream", big, 413, { close: 1009, error: { code: "too_large" } }],
    ["a body over the limit, of commands", "/send", big, 413, { close: 1009, error: { code: "too_large" } }],
  ])("H5: %s: %s", async (_what, path, sent, status, line) => {
    const answer = await ask(`${url}${path}`, { body: sent });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.lines).toHaveLength(1);
    expect(answer.lines[0]).toMatchObject(line);
    expect(app.stats.connections).toBe(0);
  });

  test("H5: for now says in a header when to come back", async () => {
    const answer = await ask(`${url}/stream`, { body: body({ connect: { token: "late" } }) });
    expect(answer.headers["retry-after"]).toBe("2");
  });

  test("H5: a body over the limit that does not say so is not read to its end", async () => {
    const answer = await ask(`${url}/stream`, { headers: { "transfer-encoding": "chunked" }, body: big });
    expect(answer.status).toBe(413);
    expect(answer.headers.connection).toBe("close");
  });

  test("H5: a body that does not come", async () => {
    await serve({ limits: { connectTimeout: 100 } });
    const answer = await ask(`${url}/stream`, { headers: { "content-length": "100" }, body: "{" }).catch(
      (error: Error) => error,
    );
    expect(answer).toMatchObject({ status: 408 });
  });

  test("H5: a body that is compressed", async () => {
    const answer = await ask(`${url}/stream`, { headers: { "content-encoding": "gzip" }, body: "x" });
    expect(answer.status).toBe(415);
  });

  test.each([
    ["GET", "/stream", "POST"],
    ["PUT", "/send", "POST"],
    ["DELETE", "/poll", "POST"],
    ["POST", "/sse", "GET"],
  ])("H5: %s %s", async (method_, path, allowed) => {
    const answer = await ask(`${url}${path}`, { method: method_ });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allowed);
  });

  test("A12: other paths below are left to others, and so are these where HTTP is off", async () => {
    expect((await ask(`${url}/other`, {})).status).toBe(404);
    expect((await ask(`${url}/stream/x`, {})).status).toBe(404);
    await serve({ http: false });
    expect((await ask(`${url}/stream`, { body: body(CONNECT) })).status).toBe(404);
  });
});
