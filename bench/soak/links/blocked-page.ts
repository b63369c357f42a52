/**
 * A page in Chromium whose main thread has 300 ms of something else to do for each frame. It is as slow as a bad link, and
 * no buffer tells: only its acknowledgements do. Nothing may pile up, with it or with the server.
 */
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { micros } from "tidemark/load";
import { SERVER_CORE } from "../../lib/cores.js";
import { Remote } from "../../lib/remote.js";
import { rssOf } from "../../lib/usage.js";
import type { StateServer } from "../../servers/state/serve.js";
import { queuedBytes } from "./queues.js";

export interface BlockedPageOptions {
  readonly seconds: number;
  readonly keys: number;
  readonly perSecond: number;
  readonly rate: number;
  /** Where the built programs are: build/bench/soak/. */
  readonly built: string;
}

export interface BlockedPageResult {
  readonly seconds: number;
  /** Frames in which something was shown. */
  readonly frames: number;
  /** How old the newest change was that a frame showed, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** The most that the system held of the connection, in bytes. */
  readonly mostQueued: number;
  /** From the first quarter to the end, after collections of garbage, in bytes. */
  readonly heapGrowth: number;
  readonly memoryGrowth: number;
}

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
];
/** The library as it is built, which a browser takes as it is. */
const DIST = fileURLToPath(new URL("../../../../dist/", import.meta.url));
const LOOK_MS = 250;

const PAGE = `<!doctype html><title>blocked</title><script type="module">
  import { connect } from "/dist/client/index.js";
  import { state } from "/dist/client/state/index.js";
  const query = new URLSearchParams(location.search);
  const [port, rate, skew] = ["port", "rate", "skew"].map((name) => Number(query.get(name)));
  const rt = connect("ws://127.0.0.1:" + port + "/connect", { deflate: true });
  const market = state(rt, "bench/market", { rate });
  window.ages = [];
  market.on("changes", () => {
    const now = performance.timeOrigin + performance.now() - skew;
    window.ages.push(now - market.map.get("~at") / 1000);
  });
  market.on("error", (error) => (window.problem = error.message));
  rt.on("error", (error) => (window.problem = error.message));
  const block = () => {
    const end = performance.now() + 300;
    while (performance.now() < end);
    requestAnimationFrame(block);
  };
  requestAnimationFrame(block);
</script>`;

export async function blockedPage(options: BlockedPageOptions): Promise<BlockedPageResult | "no browser"> {
  if (!existsSync(CHROMIUM)) return "no browser";
  const { seconds, keys, perSecond, rate, built } = options;
  const server = await Remote.start<StateServer>("../servers/state/tidemark.js", built, {
    core: SERVER_CORE,
  });
  const pages = await servePage();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  try {
    const port = await server.call("listen", { keys });
    await server.call("begin", { keys, perSecond, spread: "zipf" });
    const page = await browser.newPage();
    const { port: own } = pages.address() as AddressInfo;
    const skew = Date.now() - micros() / 1000;
    await page.goto(`http://127.0.0.1:${own}/?port=${port}&rate=${rate}&skew=${skew}`);
    await page.waitForFunction("window.ages.length > 0", undefined, { timeout: 30_000 });
    let mostQueued = 0;
    const watch = async (ms: number): Promise<void> => {
      for (const end = performance.now() + ms; performance.now() < end; await sleep(LOOK_MS))
        mostQueued = Math.max(mostQueued, queuedBytes(port));
    };
    await watch(seconds * 250);
    await page.evaluate("void (window.ages.length = 0)");
    const before = { heap: await heapOf(page), memory: rssOf(server.pid) ?? 0 };
    await watch(seconds * 750);
    const after = { heap: await heapOf(page), memory: rssOf(server.pid) ?? 0 };
    const ages = await page.evaluate<number[]>("window.ages");
    const problem = await page.evaluate<string | undefined>("window.problem");
    if (problem !== undefined) throw new Error(`the page says: ${problem}`);
    await server.call("end");
    ages.sort((a, b) => a - b);
    const at = (share: number): number => ages[Math.ceil(ages.length * share) - 1] ?? NaN;
    return {
      seconds: seconds * 0.75,
      frames: ages.length,
      p50: at(0.5),
      p99: at(0.99),
      mostQueued,
      heapGrowth: after.heap - before.heap,
      memoryGrowth: after.memory - before.memory,
    };
  } finally {
    await browser.close();
    pages.close();
    await server.stop();
  }
}

/** Bytes that the page's heap holds after a collection. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

async function servePage(): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const file = pathname.startsWith("/dist/")
      ? join(DIST, normalize(pathname.slice("/dist".length)))
      : undefined;
    if (file === undefined) {
      response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      return;
    }
    response.setHeader("content-type", "text/javascript");
    createReadStream(file)
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const MIB = 2 ** 20;
/** A window, the line that goes beyond it, and what the system adds for its own. */
const MOST_QUEUED = 192 * 1024;

/** What is wrong with a result, in words; empty when all is well. */
export function pageFaults(result: BlockedPageResult): string[] {
  const { seconds, frames, p99, mostQueued, heapGrowth, memoryGrowth } = result;
  const faults: string[] = [];
  if (frames < seconds)
    faults.push(`a blocked page showed something in only ${frames} frames of ${seconds} s`);
  const limits: readonly (readonly [what: string, found: number, most: number])[] = [
    ["a blocked page: age of what a frame shows, p99, in ms", p99, 1000],
    ["a blocked page: bytes under way", mostQueued, MOST_QUEUED],
    ["a blocked page: growth of its heap in bytes", heapGrowth, 16 * MIB],
    ["a blocked page: growth of the server's memory in bytes", memoryGrowth, 16 * MIB],
  ];
  for (const [what, found, most] of limits)
    if (!(found <= most)) faults.push(`${what}: ${Math.round(found)}, at most ${most}`);
  return faults;
}
