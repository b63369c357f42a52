import {
  bytes,
  method,
  state,
  stream,
  tidemark,
  TidemarkError,
  transient,
  silentLogger,
  type AppOptions,
} from "tidemark";
import type { Broker } from "tidemark/broker";
import * as z from "zod";
import { table, text, u16 } from "../../src/room/columns.js";
import { room } from "../../src/room/shape.js";

const tally = room({
  rate: 0,
  seats: 2,
  match: ["unit"],
  input: z.object({ add: z.number() }),
  events: { hundred: z.string() },
  state: { sums: table({ n: u16, unit: text(8) }) },
});
const Tally = tally.code({
  create: (r, { match }) => void r.state.sums.set("all", { n: 0, unit: match.unit }),
  input(r, _seat, { add }) {
    const sum = r.state.sums.get("all");
    if (sum === undefined) return;
    sum.n += add;
    if (sum.n === 100) r.send("hundred", "well done");
    if (sum.n > 100) r.close("that is too much");
  },
});

/** What a single example sets. */
export type ExampleOptions = Pick<AppOptions<null>, "limits" | "unsent">;

const names: Readonly<Record<string, string>> = { ann: "ann", bob: "bob", cay: "cay" };
/** How long tokens are good, in milliseconds. */
const lives: Readonly<Record<string, number>> = { token: Infinity, hour: 3_600_000, moment: 100 };

function authenticate(token: string | undefined): { id: string; expires: number } | null {
  if (token === undefined) return null;
  const [life = "", name = ""] = token.split("-of-");
  const id = names[name];
  if (id === undefined) throw new TidemarkError("unauthorized", "the token was refused");
  return { id, expires: Date.now() + (lives[life] ?? 0) };
}

/** The server that the examples of docs/protocol.md talk to; the document quotes its channels and methods. */
export function exampleApp(broker: Broker, options: ExampleOptions) {
  return tidemark({
    ...options,
    broker,
    log: silentLogger,
    authenticate: ({ token }) => authenticate(token),
    subscriptions: ({ user }) => (user?.id === "cay" ? ["user/cay"] : []),
  })
    .channels({
      "chat/:room": stream({ message: z.object({ text: z.string() }), retain: { count: 1000, for: "7d" } }),
      "lobby/:room": stream({ retain: { count: 1000 }, presence: true }),
      "short/:room": stream({ retain: { count: 2 } }),
      "live/:room": stream(),
      "files/:name": stream({ message: bytes(), retain: { count: 10 } }),
      "typing/:room": transient({ message: z.object({ on: z.boolean() }) }),
      "metrics/:region": state(),
      "talk/:room": stream({ retain: { count: 1000 }, sender: true }),
      "user/:id": stream({ retain: { count: 1000 }, allow: ({ user, params }) => user?.id === params.id }),
      "staff/:room": stream({ allow: ({ user }) => user?.id === "bob" }),
      "servers/:region": state({ allow: ({ action }) => action === "subscribe" || { prefix: "web-" } }),
      "tally/:id": Tally,
      "quota/:room": stream({
        onPublish: ({ data }) => {
          if (data === "too much") {
            throw new TidemarkError("quota", "slow down", { retry: true, after: 60_000 });
          }
          return data;
        },
      }),
    })
    .methods({
      sum: method({ input: z.array(z.number()), run: (numbers) => numbers.reduce((a, b) => a + b, 0) }),
    });
}
