/** Who may do what, as an application says. */
import { describe, expect, it } from "vitest";
import { TidemarkError, stream, tidemark } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { listeningLogger, quiet, serve } from "../support/serve.js";
import { code } from "../support/answers.js";

const keep = { retain: { count: 100 } };

describe("allow", () => {
  const actions = [
    ["subscribe", { subscribe: "chat/a" }],
    ["publish", { publish: "chat/a", data: 1 }],
    ["history", { history: "chat/a" }],
    ["members", { members: "chat/a" }],
  ] as const;

  it.each(actions)("A3: is asked for %s, and only its yes is a yes", async (action, command) => {
    let verdict: unknown;
    const asked: unknown[] = [];
    const app = tidemark({ ...quiet, authenticate: () => ({ id: "ann" }) }).channels({
      "chat/:id": stream({
        ...keep,
        presence: true,
        allow: (context) => {
          asked.push(context);
          return verdict as boolean;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    for (verdict of [false, undefined, null, 0, "", Promise.resolve(false), Promise.resolve(undefined)]) {
      expect(code(await client.ask(command))).toBe("forbidden");
    }
    verdict = Promise.resolve(true);
    expect(await client.ask(command)).not.toHaveProperty("error");
    expect(asked[0]).toEqual({
      user: { id: "ann" },
      client: expect.any(String),
      channel: "chat/a",
      params: { id: "a" },
      action,
    });
  });

  it("A6: what it throws is said where it is meant to be, and nowhere else", async () => {
    const log = listeningLogger();
    let thrown = new Error();
    const app = tidemark({ log }).channels({
      "chat/:id": stream({
        allow: () => {
          throw thrown;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    for (const command of [{ subscribe: "chat/a" }, { publish: "chat/a", data: 1 }, { history: "chat/a" }]) {
      thrown = new TidemarkError("slow_down", "one a minute", { retry: true, after: 60_000 });
      expect(await client.ask(command)).toEqual({
        error: { code: "slow_down", message: "one a minute", retry: true, after: 60_000 },
      });
      thrown = new Error("select * from users");
      expect(code(await client.ask(command))).toBe("internal");
    }
    expect(JSON.stringify(client.frames)).not.toContain("select");
    expect(log.lines.map(({ level }) => level)).toEqual(["error", "error", "error"]);
  });

  it("S9: onSubscribe refuses, and nothing stays of it", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({
        ...keep,
        presence: true,
        onSubscribe: ({ params }) => {
          if (params.id === "secret") throw new TidemarkError("forbidden", "members only");
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(await client.ask({ subscribe: "chat/secret" })).toMatchObject({
      error: { message: "members only" },
    });
    expect(await client.ask({ members: "chat/secret" })).toMatchObject({ members: [], total: 0 });
    expect(code(await client.ask({ unsubscribe: "chat/secret" }))).toBe("not_subscribed");
  });
});
