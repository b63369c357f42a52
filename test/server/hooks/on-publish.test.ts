/** What an application makes of a publish. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { TidemarkError, stream, tidemark, transient } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { deferred, listeningLogger, quiet, serve } from "../support/serve.js";
import { code } from "../support/answers.js";

const keep = { retain: { count: 100 } };

describe("onPublish", () => {
  it("P14, A5: rewrites, also in place and without a schema", async () => {
    interface Text {
      text: string;
      by?: string;
    }
    const app = tidemark({ ...quiet, authenticate: () => ({ id: "ann" }) }).channels({
      "new/:id": stream({
        message: z.object({ text: z.string() }),
        onPublish: ({ data }) => ({ text: data.text.toUpperCase() }),
      }),
      "same/:id": stream({
        onPublish: ({ data, user }) => {
          const message = data as Text;
          message.text = message.text.toUpperCase();
          message.by = user.id;
          return message;
        },
      }),
      "later/:id": transient({ onPublish: async ({ data }) => [data, "later"] }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const said = async (channel: string): Promise<unknown> => {
      const { ch } = await client.ask({ subscribe: channel });
      await client.ask({ publish: channel, data: { text: "hi" } });
      return (await client.message(ch))[1];
    };
    expect(await said("new/a")).toEqual({ text: "HI" });
    expect(await said("same/a")).toEqual({ text: "HI", by: "ann" });
    expect(await said("later/a")).toEqual([{ text: "hi" }, "later"]);
  });

  it("A5: gets a key that is the same for each try of one publish, and nobody else's", async () => {
    const keys: string[] = [];
    const app = tidemark({ ...quiet, authenticate: ({ token }) => ({ id: token ?? "" }) }).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data, key }) => (keys.push(key), data) }),
    });
    const { url } = await serve(app);
    const ann = { token: "ann", publisher: "a-secret-of-anns-own" };
    const publish = async (
      who: Record<string, unknown>,
      channel: string,
      idem?: number | string,
    ): Promise<void> => {
      const client = await connect(url, who);
      await client.ask({ publish: channel, data: 1, ...(idem !== undefined && { idem }) });
      client.socket.close();
    };
    await publish(ann, "chat/a", 1);
    await publish(ann, "chat/a", 1);
    await publish(ann, "chat/a", "1");
    await publish(ann, "chat/a", 2);
    await publish(ann, "chat/b", 1);
    await publish({ ...ann, token: "bob" }, "chat/a", 1);
    await publish({ ...ann, publisher: "a-secret-of-anns-other" }, "chat/a", 1);
    await publish({ token: "ann" }, "chat/a", 1);
    await publish({ token: "ann" }, "chat/a", 1);
    await publish(ann, "chat/a");
    await publish(ann, "chat/a");
    expect(keys[1]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(keys.length - 1);
    expect(keys.filter((key) => !/^[\w-]{43}$/.test(key))).toEqual([]);
  });

  it("A5: is not called for a retry that the log knows", async () => {
    const calls: unknown[] = [];
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data }) => ({ data, call: calls.push(data) }) }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { publisher: "a-secret-of-anns-own" });
    const first = await ann.ask({ publish: "chat/a", data: 1, idem: 1 });
    const again = await connect(url, { publisher: "a-secret-of-anns-own" });
    expect(await again.ask({ publish: "chat/a", data: 1, idem: 1, age: 500 })).toEqual(first);
    expect(code(await again.ask({ publish: "chat/a", data: 9, idem: 1, age: 500 }))).toBe("key_conflict");
    expect(calls).toEqual([1]);
    // One that the log does not know goes its way.
    expect(await again.ask({ publish: "chat/a", data: 2, idem: 2, age: 500 })).toMatchObject({
      offset: expect.any(Number) as number,
    });
    expect(calls).toEqual([1, 2]);
    expect(await again.ask({ history: "chat/a" })).toMatchObject({
      entries: [
        [first["offset"], { data: 1, call: 1 }],
        [expect.any(Number), { data: 2, call: 2 }],
      ],
    });
  });

  it("P19, A5: answers to retries keep their order, whichever of them the log knows", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: async ({ data }) => data }),
    });
    const { url } = await serve(app);
    const ann = await connect(url, { publisher: "a-secret-of-anns-own" });
    for (const idem of [2, 4]) await ann.ask({ publish: "chat/a", data: idem, idem });
    const again = await connect(url, { publisher: "a-secret-of-anns-own" });
    const answered: number[] = [];
    await Promise.all(
      [5, 2, 6, 4, 7].map(async (idem) => {
        await again.ask({ publish: "chat/a", data: idem, idem, age: 500 });
        answered.push(idem);
      }),
    );
    expect(answered).toEqual([5, 2, 6, 4, 7]);
  });

  it("P4: what counts for a key is what was sent, not what was made of it", async () => {
    let calls = 0;
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ ...keep, onPublish: ({ data }) => ({ data, call: ++calls }) }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const first = await client.ask({ publish: "chat/a", data: 1, idem: "k" });
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toEqual(first);
    expect(code(await client.ask({ publish: "chat/a", data: 2, idem: "k" }))).toBe("key_conflict");
    expect(await client.ask({ history: "chat/a" })).toMatchObject({
      entries: [[first["offset"], { data: 1, call: 1 }]],
    });
  });

  it("P18, A6: refuses; nothing is appended, no key is used up, nothing leaks", async () => {
    const log = listeningLogger();
    let thrown: Error | undefined;
    const app = tidemark({ log }).channels({
      "chat/:id": stream({
        ...keep,
        onPublish: ({ data }) => {
          if (thrown !== undefined) throw thrown;
          return data;
        },
      }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    thrown = new TidemarkError("rejected", "mind your language", {
      issues: [{ message: "rude", path: ["text"] }],
    });
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toEqual({
      error: {
        code: "rejected",
        message: "mind your language",
        retry: false,
        issues: [{ message: "rude", path: ["text"] }],
      },
    });
    thrown = new Error("postgres://admin:hunter2@db");
    expect(await client.ask({ publish: "chat/a", data: 1, idem: "k" })).toMatchObject({
      error: { code: "internal", retry: false },
    });
    expect(JSON.stringify(client.frames)).not.toContain("hunter2");
    expect(log.lines).toHaveLength(1);
    thrown = undefined;
    const ok = await client.ask({ publish: "chat/a", data: 2, idem: "k" });
    expect(await client.ask({ history: "chat/a" })).toMatchObject({ entries: [[ok["offset"], 2]] });
  });

  it.each([undefined, () => 1, Symbol("s")])("P14: returning %o is no message", async (value) => {
    const app = tidemark(quiet).channels({ "chat/:id": stream({ onPublish: () => value }) });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(code(await client.ask({ publish: "chat/a", data: 1 }))).toBe("invalid");
  });

  it("P15: a message that a hook made too large is too_large", async () => {
    const app = tidemark(quiet).channels({
      "chat/:id": stream({ onPublish: ({ data }) => `${String(data)}${"x".repeat(65_536)}` }),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    expect(code(await client.ask({ publish: "chat/a", data: 1 }))).toBe("too_large");
  });

  it("P10: slow hooks keep the order of a connection's publishes to a channel, and hold up no other channel", async () => {
    const waits = [deferred(), deferred(), deferred()];
    let calls = 0;
    const app = tidemark(quiet).channels({
      "slow/:id": stream({
        ...keep,
        onPublish: async ({ data }) => {
          await waits[calls++]?.promise;
          return data;
        },
      }),
      "fast/:id": stream(keep),
    });
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "slow/a" });
    client.send(
      { id: 1, publish: "slow/a", data: 1 },
      { id: 2, publish: "slow/a", data: 2 },
      { id: 3, publish: "slow/a", data: 3 },
    );
    expect(await client.ask({ publish: "fast/a", data: 1 })).toHaveProperty("offset");
    waits[2]?.resolve();
    waits[1]?.resolve();
    await client.settled();
    expect(client.lines).toEqual([]);
    waits[0]?.resolve();
    expect(await client.payloads(ch, 3)).toEqual([1, 2, 3]);
    const offsets = [await client.answer(1), await client.answer(2), await client.answer(3)].map(
      ({ offset }) => offset as number,
    );
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  });
});
