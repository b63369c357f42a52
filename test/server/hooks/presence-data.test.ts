/** What an application shows of who is there. */
import { describe, expect, it } from "vitest";
import { stream, tidemark } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { listeningLogger, quiet, serve } from "../support/serve.js";
import { code } from "../support/answers.js";

describe("presence data", () => {
  it("M12, K18: that is no JSON refuses the subscription, and harms nobody", async () => {
    const log = listeningLogger();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    let data: unknown = { name: "ann" };
    const app = tidemark({ log }).channels({ "chat/:id": stream({ presence: () => data }) });
    const { url } = await serve(app);
    const ann = await connect(url);
    await ann.ask({ subscribe: "chat/a" });
    const bob = await connect(url);
    for (data of [loop, { n: 1n }]) expect(code(await bob.ask({ subscribe: "chat/a" }))).toBe("internal");
    data = { name: "bob", later: undefined };
    await bob.ask({ subscribe: "chat/a" });
    expect(await ann.take((line) => "event" in line && JSON.stringify(line).includes("bob"))).toMatchObject({
      event: "join",
    });
    expect(log.lines).toHaveLength(2);
  });

  it("M6, M12: other data of somebody who is there is announced as an update, and listed", async () => {
    let mood = "glad";
    const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token }) }).channels({
      "chat/:id": stream({ presence: () => ({ mood }) }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { token: "ann" });
    await ann.ask({ subscribe: "chat/a" });
    const { version } = (await ann.event("join")) as { version: number };
    const again = await connect(url, { token: "ann", subs: { "chat/a": {} } });
    mood = "sad";
    const third = await connect(url, { token: "ann", subs: { "chat/a": {} } });
    const members = [{ id: "ann", data: { mood: "sad" } }];
    expect(await ann.event("update")).toMatchObject({ version: version + 1, members });
    expect(await again.ask({ members: "chat/a" })).toEqual({ members, version: version + 1, total: 1 });
    expect(await third.ask({ members: "chat/a" })).toMatchObject({ members });
  });
});
