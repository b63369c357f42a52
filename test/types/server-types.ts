/** Compiled, never run: what a server's definitions infer, and what they must not accept. */
import { bytes, method, state, stream, tidemark, transient, type Channel } from "tidemark";
import type { ErrorBody } from "tidemark/protocol";
import * as z from "zod";

const app = tidemark({
  authenticate: async ({ token }) => ({ id: token ?? "nobody", rooms: ["general"] }),
})
  .channels({
    "chat/:id": stream({
      message: z.object({ text: z.string() }),
      retain: { count: 100, for: "7d" },
      presence: ({ user, params }) => ({ name: user.id, room: params.id }),
      allow: ({ user, params, action }) => action !== "publish" || user.rooms.includes(params.id),
      onPublish: async ({ data, user }) => ({ ...data, text: `${user.id}: ${data.text}` }),
    }),
    "files/:owner/:name": stream({ message: bytes() }),
    "typing/:id": transient({ message: z.object({ on: z.boolean() }) }),
    news: stream(),
    "servers/:region": state({
      value: z.object({ cpu: z.number(), at: z.number().default(0) }),
      ttl: "1m",
      rate: 10,
      presence: ({ user, params }) => ({ name: user.id, region: params.region }),
      allow: ({ user, params, action, keys = [] }) =>
        action === "subscribe" || action === "members" || keys.length > 9
          ? user.rooms.includes(params.region)
          : { prefix: user.id },
      onChange: ({ set, previous, delete: deleted, ttl = 0, key, user }) => {
        const values: number[] = [...set.values(), ...previous.values()].map(({ cpu, at }) => cpu + at);
        if (values.length + deleted.length + ttl > 9) return { delete: [`${key}${user.id}`] };
        return { set: new Map([...set].map(([name, { cpu }]) => [name, { cpu, at: 1 }])) };
      },
    }),
  })
  .methods({
    sum: method({
      input: z.array(z.number()),
      run: (numbers, { user }) => numbers.length + user.rooms.length,
    }),
    now: method({ run: () => new Date(0).toISOString() }),
  });

type Types = NonNullable<(typeof app)["~types"]>;
export const input: Types["channels"]["chat/:id"]["input"] = { text: "hi" };
export const kind: Types["channels"]["typing/:id"]["kind"] = "transient";
export const sum: Types["methods"]["sum"]["output"] = 1;
export const addends: Types["methods"]["sum"]["input"] = [1, 2];
// @ts-expect-error a wrong input
export const wrongAddends: Types["methods"]["sum"]["input"] = ["1"];
export const now: Types["methods"]["now"]["output"] = "text";
// @ts-expect-error a message of another shape
export const wrong: Types["channels"]["chat/:id"]["input"] = { text: 1 };

export const stateKind: Types["channels"]["servers/:region"]["kind"] = "state";
export const stateInput: Types["channels"]["servers/:region"]["input"] = { cpu: 1 };
export const stateOutput: Types["channels"]["servers/:region"]["output"] = { cpu: 1, at: 0 };
// @ts-expect-error what is kept has all fields
export const wrongOutput: Types["channels"]["servers/:region"]["output"] = { cpu: 1 };

void app.publish("chat/:id", { id: "general" }, { text: "hi" });
void app.publish("files/:owner/:name", { owner: "ann", name: "cat.png" }, new Uint8Array(1));
void app.publish("news", {}, { anything: true });
// @ts-expect-error a wrong payload
void app.publish("chat/:id", { id: "general" }, { txt: "hi" });
// @ts-expect-error a pattern that is not there
void app.publish("chatt/:id", { id: "general" }, { text: "hi" });
// @ts-expect-error a parameter that is missing
void app.publish("chat/:id", {}, { text: "hi" });
// @ts-expect-error keys are set, by app.state, and not published
void app.publish("servers/:region", { region: "eu" }, { cpu: 1 });
// @ts-expect-error a parameter that is not the pattern's
void app.publish("chat/:id", { room: "general" }, { text: "hi" });

type Cpu = { kind: "state"; input: { cpu: number; host?: string }; output: { cpu: number } };
declare const metrics: Channel<null, { readonly region: string }, Cpu>;
const dashboard = tidemark<null>().channels({ "metrics/:region": metrics, "chat/:id": stream() });
const eu = dashboard.state("metrics/:region", { region: "eu" });
export const cpu: Promise<{ cpu: number } | undefined> = eu.get("web-1");
export const some: Promise<Map<string, { cpu: number }>> = eu.get(["web-1"]);
void eu.set("web-1", { cpu: 1, host: "a" }, { ttl: "30s" });
void eu.set({ "web-1": { cpu: 1 } });
void eu.merge("web-1", { host: null });
void eu.update("web-1", (before) => ({ cpu: (before?.cpu ?? 0) + 1 }));
void eu.update("web-1", async () => undefined);
eu.watch(({ changes }) => changes.get("web-1")?.cpu.toFixed(), { rate: 5 }).close();
void dashboard.state("metrics/eu").set("web-1", "anything");
void dashboard.state<number>("metrics/eu").update("web-1", (count = 0) => count + 1);
// @ts-expect-error a value of another shape
void eu.set("web-1", { cpu: "high" });
// @ts-expect-error a field of another type
void eu.merge("web-1", { cpu: "high" });
// @ts-expect-error a channel of another kind
void dashboard.state("chat/:id", { id: "a" });
// @ts-expect-error a parameter that is missing
void dashboard.state("metrics/:region", {});

tidemark().channels({
  "a/:b": stream({
    // @ts-expect-error the pattern has no such parameter
    allow: ({ params }) => params.c === "",
  }),
});
tidemark().channels({
  "a/:b": stream({
    message: z.object({ n: z.number() }),
    // @ts-expect-error what onPublish returns has to fit the schema
    onPublish: ({ data }) => ({ n: String(data.n) }),
  }),
});
tidemark().channels({
  "a/:b": state({
    value: z.object({ n: z.number() }),
    // @ts-expect-error what onChange returns has to fit the schema
    onChange: () => ({ set: { key: { n: "1" } } }),
  }),
});
tidemark().channels({
  "a/:b": state({
    // @ts-expect-error a state channel has no history to allow
    allow: ({ action }) => action === "history",
  }),
});
tidemark().channels({
  // @ts-expect-error not a length of time
  "a/:b": stream({ retain: { for: "often" } }),
});
tidemark().channels({
  "a/:b": stream({
    allow: ({ user }) => {
      // Without authenticate nobody is known.
      const nobody: null = user;
      return nobody === null;
    },
  }),
});

export const body: ErrorBody = { code: "forbidden", message: "no", retry: false };
