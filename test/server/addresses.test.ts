/** Whose address a request has: the socket's, or what proxies say that are trusted. */
import { describe, expect, it, onTestFinished } from "vitest";
import { stream, tidemark, type AppOptions } from "../../src/server/index.js";
import { ask, body } from "../transports/support/http.js";
import { listeningLogger, serve } from "./support/serve.js";
import { WebSocket } from "ws";

type Options = Pick<AppOptions<null>, "trustedProxies" | "limits" | "log">;

async function serverOf(options: Options): Promise<{ ips: string[]; http: string; url: string }> {
  const ips: string[] = [];
  const app = tidemark({
    log: listeningLogger(),
    authenticate: ({ request }) => {
      ips.push(request.ip);
      return null;
    },
    ...options,
  }).channels({ "log/:id": stream() });
  return { ips, ...(await serve(app)) };
}

/** What the server takes for the address of a request that says this. */
async function seen(options: Options, forwarded?: string): Promise<string | undefined> {
  const { ips, http } = await serverOf(options);
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  await ask(`${http}/connect/send`, { headers, body: body({ connect: {} }) });
  return ips[0];
}

describe("an address", () => {
  it.each<[Options["trustedProxies"] & (string | readonly string[]), string | undefined, string]>([
    ["loopback", "198.51.100.7", "198.51.100.7"],
    ["127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"],
    [["loopback", "198.51.100.0/24"], "192.0.2.1, 203.0.113.9, 198.51.100.7", "203.0.113.9"],
    [["127.0.0.0/8", "private"], "203.0.113.9,10.1.2.3 , 192.168.0.1", "203.0.113.9"],
    ["loopback", "[2001:db8::7]:4711", "2001:db8::7"],
    ["loopback", "198.51.100.7:4711", "198.51.100.7"],
    ["loopback", "::ffff:198.51.100.7", "198.51.100.7"],
    // What is trusted all the way down has nobody behind it, and what is none ends the search.
    [["loopback", "private"], "10.0.0.1, 10.0.0.2", "10.0.0.1"],
    [["loopback", "private"], "203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"],
    ["loopback", "'; drop table --", "127.0.0.1"],
    ["loopback", ",,,  ,", "127.0.0.1"],
    ["loopback", undefined, "127.0.0.1"],
    // Who is not trusted says what it likes.
    ["198.51.100.0/24", "203.0.113.9", "127.0.0.1"],
  ])("K54: behind %j, %j is %s", async (trustedProxies, forwarded, ip) => {
    expect(await seen({ trustedProxies }, forwarded)).toBe(ip);
  });

  it("K54: a header of any length is read no further than it is trusted", async () => {
    const forwarded = `${"10.0.0.1, ".repeat(500)}198.51.100.7`;
    expect(await seen({ trustedProxies: "loopback" }, forwarded)).toBe("198.51.100.7");
    expect(await seen({ trustedProxies: ["loopback", "private"] }, "10.0.0.1,".repeat(500))).toBe(
      "127.0.0.1",
    );
  });

  it("K54: without trusted proxies nobody is believed", async () => {
    expect(await seen({}, "198.51.100.7")).toBe("127.0.0.1");
  });

  it("K54: over WebSocket it is the same", async () => {
    const { ips, url } = await serverOf({ trustedProxies: ["loopback"] });
    const socket = new WebSocket(url, { headers: { "X-Forwarded-For": "198.51.100.7" } });
    onTestFinished(() => socket.terminate());
    socket.on("open", () => socket.send('{"id":1,"connect":{}}'));
    await new Promise((resolve) => socket.once("message", resolve));
    expect(ips).toEqual(["198.51.100.7"]);
  });

  const few = { channels: { perSecond: 0.0001, burst: 1 } };
  const use = async (http: string, name: string, headers: Record<string, string>): Promise<number> => {
    const asked = Array.from({ length: 20 }, (_, id) => ({ id, history: `log/${name}${id}` }));
    const { lines } = await ask(`${http}/connect/send`, { headers, body: body({ connect: {} }, ...asked) });
    return lines.filter((line) => "ok" in line).length;
  };

  it("K54: limits go by it: behind a trusted proxy each client has its own", async () => {
    const { http } = await serverOf({ trustedProxies: "loopback", limits: few });
    const from = (ip: string): Record<string, string> => ({ "x-forwarded-for": ip });
    expect(await use(http, "a", from("198.51.100.7"))).toBe(10);
    expect(await use(http, "b", from("198.51.100.7"))).toBe(0);
    expect(await use(http, "c", from("198.51.100.8"))).toBe(10);
    // A household has a network of its own, with any number of addresses.
    expect(await use(http, "d", from("2001:db8:0:1::7"))).toBe(10);
    expect(await use(http, "e", from("2001:0db8:0:1:ffff::8"))).toBe(0);
    expect(await use(http, "f", from("2001:db8:0:2::7"))).toBe(10);
  });

  it("K54: a proxy that is not named is no client: all behind it are not held to one's limits, and the log says what to set", async () => {
    const log = listeningLogger();
    const { http } = await serverOf({ limits: few, log });
    const headers = { "x-forwarded-for": "198.51.100.7" };
    const counts = [await use(http, "a", headers), await use(http, "b", headers)];
    expect(counts).toEqual([20, 20]);
    expect(await use(http, "c", {})).toBe(10);
    const said = log.lines.filter(({ message }) => message.includes("trustedProxies"));
    expect(said).toMatchObject([{ level: "warn", fields: { proxy: "127.0.0.1" } }]);
  });

  it("K54: what is no proxy throws", () => {
    for (const trustedProxies of ["lopback", "10.0.0.0/33", "10.0.0.0/x", ["::1/129"], "1.2.3"])
      expect(() => tidemark({ trustedProxies })).toThrow(TypeError);
    expect(() => tidemark({ trustedProxies: ["::1", "fd00::/8", "private"] })).not.toThrow();
  });
});
