/** When compression is agreed on. */
import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import {
  AGREED,
  asksForDeflate,
  offersDeflate,
} from "../../../../src/server/transports/websocket/deflate/negotiation.js";
import { ADDRESS, OFFER, makeStateApp } from "../../support/deflate.js";
import { dial, upgradeRequest } from "../../support/raw.js";
import { serve } from "../../support/serve.js";
import { attached } from "../../support/someones-server.js";

/** What a handshake is answered in `Sec-WebSocket-Extensions`. */
async function answerTo(
  port: number,
  path: string,
  ...offers: readonly string[]
): Promise<string | undefined> {
  const raw = await dial(port);
  const lines = offers.map((offer) => `Sec-WebSocket-Extensions: ${offer}\r\n`).join("");
  raw.write(upgradeRequest(path).replace(/\r\n$/, `${lines}\r\n`));
  const head = await raw.until(() => {
    const text = raw.received.toString("latin1");
    return text.includes("\r\n\r\n") ? text : undefined;
  });
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  return /^sec-websocket-extensions: (.*)\r$/im.exec(head)?.[1];
}

describe.each([
  ["a server of its own", () => serve(makeStateApp())],
  ["somebody else's server", () => attached(makeStateApp(), createServer())],
])("on %s", (_, start) => {
  it("W40: compression is agreed on where the address asks for it and the client offers it", async () => {
    const { port } = await start();
    expect(await answerTo(port, ADDRESS, OFFER)).toBe(AGREED);
    expect(await answerTo(port, "/connect?token=x&deflate=1", "x-other, permessage-deflate")).toBe(AGREED);
    expect(await answerTo(port, ADDRESS, "permessage-deflate; server_max_window_bits=9", OFFER)).toBe(AGREED);
    expect(await answerTo(port, ADDRESS)).toBeUndefined();
    expect(await answerTo(port, ADDRESS, "permessage-deflate; server_max_window_bits=9")).toBeUndefined();
    expect(await answerTo(port, "/connect", OFFER)).toBeUndefined();
    expect(await answerTo(port, "/connect?deflate=0", OFFER)).toBeUndefined();
    expect(await answerTo(port, "/echo?deflate=1", OFFER)).toBeUndefined();
  });

  it("W40: a page that is turned away is agreed on nothing with", async () => {
    const { port } = await start();
    const raw = await dial(port);
    raw.write(upgradeRequest(ADDRESS, { Origin: "https://evil.example", "Sec-WebSocket-Extensions": OFFER }));
    const head = await raw.until(() => {
      const text = raw.received.toString("latin1");
      return text.includes("\r\n\r\n") ? text : undefined;
    });
    expect(head).not.toMatch(/extensions/i);
  });
});

it.each([
  ["permessage-deflate", true],
  ["permessage-deflate; client_max_window_bits", true],
  ["permessage-deflate;client_max_window_bits=15", true],
  ['permessage-deflate; client_max_window_bits="10"', true],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", true],
  ["permessage-deflate; server_max_window_bits=15, permessage-deflate", true],
  ["x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", true],
  ["permessage-deflate; server_max_window_bits=15", false],
  ["permessage-deflate; server_max_window_bits", false],
  ["permessage-deflate; client_max_window_bits=7", false],
  ["permessage-deflate; client_max_window_bits=16", false],
  ["permessage-deflate; client_max_window_bits=08", false],
  ["permessage-deflate; client_no_context_takeover=1", false],
  ["permessage-deflate; client_max_window_bits; client_max_window_bits=9", false],
  ["permessage-deflate; mystery", false],
  ["permessage-deflate;", false],
  ["permessage-deflate-2", false],
  ["deflate-stream", false],
  ["", false],
])("W40: of the offers %j one can be taken: %j", (header, good) => {
  expect(offersDeflate(header)).toBe(good);
});

it.each([
  ["/connect?deflate=1", true],
  ["/connect?a=b&deflate=1&c", true],
  ["/connect?deflate=10", false],
  ["/connect?undeflate=1", false],
  ["/connect/deflate=1", false],
  ["/connect", false],
])("W40: %s asks for compression: %j", (url, asks) => {
  expect(asksForDeflate(url)).toBe(asks);
});
