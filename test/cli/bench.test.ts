/** `tidemark bench`, as a process against a server in this one. */
import { silentLogger, stream, tidemark as server, TidemarkError } from "tidemark";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { tidemark, type Running } from "./support.js";

function makeApp(limited: boolean) {
  return server({
    log: silentLogger,
    ...(!limited && { limits: { commands: false } }),
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("unauthorized", "not you");
      return { id: token ?? "nobody" };
    },
  }).channels({
    "chat/:id": stream({ retain: { count: 1000 }, presence: true, sender: true }),
    "staff/:id": stream({ allow: ({ action }) => action === "subscribe" }),
  });
}

const listen = async (limited: boolean): Promise<string> => {
  const app = makeApp(limited);
  onTestFinished(() => app.close());
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  return `ws://127.0.0.1:${port}/connect`;
};
const run = (...args: string[]): Running => tidemark(["bench", ...args]);
const brief = ["--subscribers", "7", "--seconds", "1", "--warm-up", "0"];

interface Result {
  readonly delivered: number;
  readonly expected: number;
  readonly lost: number;
  readonly latencies: readonly (readonly [number, number])[];
}
const resultOf = (bench: Running): Result => JSON.parse(bench.out()) as Result;

describe("tidemark bench", () => {
  let url: string;
  beforeEach(async () => {
    url = await listen(false);
  });

  test("A60: every message of a fixed rate reaches every subscriber, and is timed", async () => {
    const bench = run(url, ...brief, "--rate", "50", "--json", "--token", "ann");
    expect(await bench.exit).toBe(0);
    const { delivered, expected, lost, latencies } = resultOf(bench);
    expect(lost).toBe(0);
    expect(delivered).toBe(expected);
    expect(delivered % 7).toBe(0);
    expect(delivered).toBeGreaterThan(0);
    expect(latencies.reduce((sum, [, count]) => sum + count, 0)).toBe(delivered);
  });

  test("A60: with so many in flight the next is published when one has reached all", async () => {
    const bench = run(url, ...brief, "--in-flight", "4", "--json");
    expect(await bench.exit).toBe(0);
    const { delivered, expected } = resultOf(bench);
    expect(delivered).toBe(expected);
    expect(delivered).toBeGreaterThanOrEqual(4 * 7);
  });

  test("A60: what it prints can be pasted: the load, latencies, deliveries, and what the generator itself used", async () => {
    const bench = run("--url", url, ...brief, "--rate", "20", "--payload", "100", "--channel", "chat/load");
    expect(await bench.exit).toBe(0);
    expect(bench.err()).toBe("");
    expect(bench.out()).toContain(`tidemark bench ${url}\n`);
    expect(bench.out()).toContain(
      "7 subscribers of chat/load, 20 messages a second of 100 bytes from 4 publishers, 1 s\n",
    );
    expect(bench.out()).toMatch(
      /latency +p50 [\d.]+ ms, p99 [\d.]+ ms, p99\.9 [\d.]+ ms, slowest [\d.]+ ms\n/,
    );
    expect(bench.out()).toMatch(/deliveries +\d+ a second; (\d+) of \1 arrived\n/);
    expect(bench.out()).toMatch(/generator +\d+ % of a core/);
  });

  test("A60: ^C ends it early, with what there is by then", async () => {
    const bench = run(url, "--subscribers", "3", "--warm-up", "0", "--seconds", "600", "--json");
    const { port } = new URL(url);
    // Its first message is in the log: it has begun.
    const sub = tidemark(["sub", "chat/bench", "--url", `ws://127.0.0.1:${port}/connect`, "--count", "1"]);
    await sub.exit;
    bench.kill("SIGINT");
    expect(await bench.exit).toBe(130);
    expect(resultOf(bench)).toMatchObject({ stopped: true, lost: 0 });
  });

  test.each([
    [["--channel", "nowhere/1"], /no channel pattern matches "nowhere\/1"; --channel NAME.*\(not_found\)/],
    [["--channel", "staff/1"], /you may not publish on "staff\/1"; --token says who you are.*\(forbidden\)/],
    [["--token", "mallory"], /not you; --token says who you are \(unauthorized\)/],
    [["--payload", "70000"], /--payload N takes fewer bytes \(too_large\)/],
  ])("A61: when the server refuses, it says what and what to do: %j", async (args, message) => {
    const bench = run(url, ...brief, ...args);
    expect(await bench.exit).toBe(1);
    expect(bench.err()).toMatch(message);
    expect(bench.out()).toBe("");
  });

  test("A61: a server that is not there, or is none, is told apart from one that refuses", async () => {
    const nobody = run("ws://127.0.0.1:1/connect", ...brief);
    expect(await nobody.exit).toBe(1);
    expect(nobody.err()).toMatch(/ws:\/\/127\.0\.0\.1:1\/connect: .*ECONNREFUSED.*\(connection_lost\)/);
    const elsewhere = run(url.replace("/connect", "/nowhere"), ...brief);
    expect(await elsewhere.exit).toBe(1);
    expect(elsewhere.err()).toMatch(/404.*\(connection_lost\)/);
  });

  test("A61: more than a connection may send is told with what helps against it", async () => {
    const bench = run(await listen(true), ...brief, "--in-flight", "100", "--seconds", "20");
    expect(await bench.exit).toBe(1);
    expect(bench.err()).toMatch(/more than 200 commands a second; use --rate N.*\(rate_limited\)/);
  });

  test.each([
    [["--rate", "0"], /--rate takes at least 1/],
    [["--rate", "1", "--in-flight", "1"], /either --rate or --in-flight/],
    [["--payload", "10"], /--payload takes at least 31/],
    [["http:nothing", "more"], /one address/],
    [["--sbuscribers", "3"], /sbuscribers/],
  ])("A61: what makes no sense is said before anything is sent: %j", async (args, message) => {
    const bench = run(...args);
    expect(await bench.exit).toBe(2);
    expect(bench.err()).toMatch(message);
  });

  test("A61: a server that closes under the load is told, and ends it", async () => {
    const app = makeApp(false);
    const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
    const begun = new Promise<void>((resolve) => {
      const sub = tidemark(["sub", "chat/bench", "--url", `ws://127.0.0.1:${port}/connect`, "--count", "1"]);
      void sub.exit.then(() => resolve());
    });
    const bench = run(`ws://127.0.0.1:${port}/connect`, ...brief, "--seconds", "600");
    await begun;
    await app.close();
    expect(await bench.exit).toBe(1);
    expect(bench.err()).toMatch(/closed with 4000.*\(connection_lost\)/);
  });
});
