/** A dashboard: a market, a fleet, this server itself, and money that stays as much as it was. This file is its server side. */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { method, state, tidemark, TidemarkError, type Duration } from "tidemark";
import * as z from "zod";
import { balances, transfer } from "./accounts.js";
import { feed, type Feed } from "./feed.js";
import { report, stop, type Van } from "./fleet.js";
import { quotes, trade, type Quote } from "./market.js";
import { MeasuredSocket } from "./measured-socket.js";
import { vitals, type Vitals } from "./vitals.js";

const PATH = "/dashboard/connect";
/** The same channels over a socket that is measured: `?id=` and a secret that the viewer made up. */
const LINK_PATH = "/dashboard/link";
/** What a link that was made slow gets, in bytes a second. */
const SLOW = 20_000;
const links = new Map<string, MeasuredSocket>();
/** Changes made since they were last counted. */
let made = 0;

type FeedName = "market" | "accounts" | "fleet" | "processes";

/** A channel that this server alone writes, whose types are checked; others look, and as long as somebody does it is fed. */
function fed<Value>(name: FeedName, options?: { rate?: number; ttl?: Duration }) {
  const allow = ({ action }: { action: string }): boolean => action === "subscribe" || action === "get";
  return state({ value: z.custom<Value>(), allow, onSubscribe: () => feeds[name].begin(), ...options });
}

const app = tidemark({ path: PATH, echo: false })
  .channels({
    market: fed<Quote>("market", { rate: 60 }),
    accounts: fed<number>("accounts"),
    // A van that says nothing any more is gone after a while, and so is a process.
    fleet: fed<Van>("fleet", { ttl: "6s" }),
    processes: fed<Vitals>("processes", { ttl: "5s" }),
    /** Prices that viewers wait for, one a symbol; anybody may change them. */
    targets: state({
      value: z.number().min(0.01).max(100_000),
      ttl: "1h",
      allow: ({ action, keys = [] }) => action !== "set" || keys.every((symbol) => quotes.has(symbol)),
    }),
  })
  .methods({
    /** What was sent over a link so far, and what time it is; `slow` makes it slow, or fast again. */
    link: method({
      input: z.object({ id: z.string(), slow: z.boolean().optional() }),
      run: ({ id, slow }) => {
        const link = links.get(id);
        if (link === undefined)
          throw new TidemarkError("not_found", `nobody is connected at ${LINK_PATH}?id=${id}`);
        if (slow !== undefined) link.rate = slow ? SLOW : Infinity;
        return { sent: link.sent, now: Date.now() };
      },
    }),
    /** Has a van say nothing for 25 seconds. */
    stop: method({ input: z.string(), run: (van) => stop(van) }),
  });

/** What the page imports, as a type, so that both sides agree on every channel. */
export type DashboardApp = typeof app;

const feeds: Readonly<Record<FeedName, Feed>> = {
  market: feedOf("market", 10, (seconds) =>
    app.state("market", {}).set(seconds === 0 ? quotes : count(trade(seconds))),
  ),
  accounts: feedOf("accounts", 10, (seconds) =>
    app.state("accounts", {}).set(seconds === 0 ? balances : count(transfer())),
  ),
  fleet: feedOf("fleet", 500, async () => {
    const vans = report();
    if (vans.size > 0) await app.state("fleet", {}).set(count(vans));
  }),
  processes: feedOf("processes", 1000, async (seconds) => {
    const [now, { connections }, changes] = [vitals(seconds), app.stats, Math.round(made / seconds)];
    made = 0;
    // What was before somebody looked is not told.
    if (seconds > 0)
      await app.state("processes", {}).set(String(process.pid), { ...now, connections, changes });
  }),
};

function feedOf(channel: FeedName, ms: number, work: (seconds: number) => unknown): Feed {
  // None of the names begins as another one does.
  return feed(ms, work, async () => (await app.activeChannels({ prefix: channel })).channels.length > 0);
}

function count<Value>(changes: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  made += changes.size;
  return changes;
}

/** Takes an upgrade at the path of measured links; says whether it was one. */
function takeLink(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
  const [path, query = ""] = (request.url ?? "").split("?", 2);
  const id = new URLSearchParams(query).get("id") ?? "";
  if (path !== LINK_PATH || !/^[\w-]{16,64}$/u.test(id)) return false;
  const link = new MeasuredSocket(socket);
  links.set(id, link);
  link.on("close", () => links.get(id) === link && links.delete(id));
  request.url = `${PATH}?${query}`;
  return app.handleUpgrade(request, link, head);
}

export const dashboard = {
  /** Serves it beside others on a server; upgrades that nobody takes end here. */
  attach(server: Server): void {
    app.attach(server);
    server.on("upgrade", (request, socket, head) => takeLink(request, socket, head) || socket.destroy());
  },
  async close(): Promise<void> {
    for (const each of Object.values(feeds)) each.end();
    await app.close();
  },
};
