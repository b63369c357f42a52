/** Requests that are none, sockets that break, and silence. */
import { describe, expect, it } from "vitest";
import { open } from "../support/client.js";
import { TEXT, dial, frame, upgrade, upgradeRequest } from "../support/raw.js";
import { served, underAttack, allGone } from "../support/attacked.js";

underAttack();

describe("upgrade requests that are none", () => {
  const sorts: readonly (readonly [title: string, request: string, status: number])[] = [
    ["no key", upgradeRequest("/connect", { "Sec-WebSocket-Key": undefined }), 400],
    ["a key that is too short", upgradeRequest("/connect", { "Sec-WebSocket-Key": "c2hvcnQ=" }), 400],
    [
      "a key that is no base64",
      upgradeRequest("/connect", { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }),
      400,
    ],
    ["no version", upgradeRequest("/connect", { "Sec-WebSocket-Version": undefined }), 400],
    ["version 12", upgradeRequest("/connect", { "Sec-WebSocket-Version": "12" }), 400],
    ["another protocol", upgradeRequest("/connect", { Upgrade: "h2c" }), 400],
    ["a path that nobody has", upgradeRequest("/nowhere"), 404],
    ["a path that climbs", upgradeRequest("/connect/../../etc/passwd"), 404],
    ["POST", upgradeRequest().replace("GET", "POST"), 405],
    ["no upgrade at all", "GET /connect HTTP/1.1\r\nHost: a\r\n\r\n", 426],
    ["no upgrade of the echo", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 426],
    ["huge headers", upgradeRequest("/connect", { "X-Rubbish": "x".repeat(20_000) }), 431],
    ["a huge path", upgradeRequest(`/${"p".repeat(20_000)}`), 431],
    ["not HTTP", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\r\n\r\n", 400],
    ["a bad request line", "GET\r\n\r\n", 400],
    [
      "two lengths",
      "POST /connect HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
      400,
    ],
  ];

  it.each(sorts)("A12, A13: %s", async (_, request, status) => {
    const raw = await dial(served.port);
    raw.write(request);
    expect(await raw.status()).toBe(status);
  });

  it("an upgrade that is refused is not held open by its peer", async () => {
    const raw = await dial(served.port);
    raw.write(upgradeRequest("/nowhere"));
    expect(await raw.status()).toBe(404);
    // The peer never closes its half.
    await raw.ended;
    await allGone();
  });

  it("a handshake of one byte at a time is cut off", async () => {
    const raw = await dial(served.port);
    raw.write("G");
    raw.write("E");
    expect(await raw.status()).toBe(408);
  });
});

describe("K18: sockets that break", () => {
  const moments: readonly (readonly [title: string, path: string, request: (path: string) => string])[] = [
    ["before a byte", "/connect", () => ""],
    ["in the middle of the request", "/connect", (path) => upgradeRequest(path).slice(0, 60)],
    ["right after the request", "/connect", upgradeRequest],
    ["right after a request to a path that nobody has", "/nowhere", upgradeRequest],
    ["right after a request to the echo", "/echo", upgradeRequest],
    [
      "right after a request of another origin",
      "/connect",
      (path) => upgradeRequest(path, { Origin: "https://evil.example" }),
    ],
    [
      "right after a request that is malformed",
      "/connect",
      (path) => upgradeRequest(path, { "Sec-WebSocket-Key": "x" }),
    ],
    [
      "with a command behind the request",
      "/connect",
      (path) => `${upgradeRequest(path)}${frame(TEXT, '{"id":1,"connect":{}}').toString("latin1")}`,
    ],
  ];

  it.each(moments)("reset %s", async (_, path, request) => {
    const raw = await dial(served.port);
    raw.socket.write(request(path), "latin1", () => raw.socket.resetAndDestroy());
    await raw.ended;
  });

  it("a socket that is closed on one side only is closed on the other", async () => {
    const raw = await upgrade(served.port);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    expect((await raw.frame()).opcode).toBe(TEXT);
    raw.socket.end();
    expect(await raw.ended).toBe("end");
  });

  it("a socket that is closed on one side before the handshake is answered", async () => {
    const raw = await dial(served.port);
    raw.socket.end("GET /connect HTTP/1.1\r\nHost: a\r\n");
    expect(["end", "reset"]).toContain(await raw.ended);
  });

  it("a reset with commands under way", async () => {
    const raw = await upgrade(served.port);
    const commands = Array.from({ length: 100 }, (_, id) =>
      JSON.stringify({ id, publish: "chat/a", data: id }),
    );
    raw.write(
      Buffer.concat([
        frame(TEXT, '{"id":1,"connect":{"subs":{"chat/a":{}}}}'),
        frame(TEXT, commands.join("\n")),
      ]),
    );
    await raw.frame();
    raw.socket.resetAndDestroy();
    await raw.ended;
  });
});

describe("K2: time to connect", () => {
  it("silence is closed with 4003", async () => {
    const client = await open(served.url);
    expect(await client.closed).toEqual({ code: 4003, reason: "no connect command within 400 ms" });
  });

  it("commands that are refused do not extend it", async () => {
    const client = await open(served.url);
    client.send({ id: 1, subscribe: "chat/a" }, "{}", { id: 2, connect: { token: 7 } });
    expect(await client.answer(2)).toMatchObject({ error: { code: "bad_request" } });
    expect((await client.closed).code).toBe(4003);
  });
});
