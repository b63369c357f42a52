/** Schemas of messages, and methods. */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { TidemarkError, bytes, method, stream, tidemark } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { deferred, quiet, serve } from "../support/serve.js";
import { code } from "../support/answers.js";

const keep = { retain: { count: 100 } };

describe("schemas", () => {
  const app = tidemark(quiet)
    .channels({
      "text/:id": stream({
        ...keep,
        message: z.object({ text: z.string().max(5), n: z.number().default(7) }),
      }),
      "later/:id": stream({ ...keep, message: z.string().refine(async (text) => text !== "no", "not no") }),
      "bytes/:id": stream({ ...keep, message: bytes({ max: 4 }) }),
    })
    .methods({
      sum: method({ input: z.array(z.number()), run: (numbers) => numbers.reduce((a, b) => a + b, 0) }),
      who: method({ run: (_, { user, client }) => ({ user, client }) }),
      nothing: method({ run: () => undefined }),
      fail: method({
        run: () => {
          throw new Error("secret");
        },
      }),
      refuse: method({
        run: () => {
          throw new TidemarkError("teapot", "short and stout", { retry: true });
        },
      }),
      large: method({ run: (size) => "x".repeat(size as number) }),
    });

  it("P14, A4: a payload that does not fit is answered with the schema's own words", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { error } = await client.ask({ publish: "text/a", data: { text: "too long" } });
    expect(error).toEqual({
      code: "invalid",
      message: expect.stringMatching(/^text: .*5 char/),
      retry: false,
      issues: [{ message: expect.stringMatching(/5 char/), path: ["text"] }],
    });
    expect(code(await client.ask({ publish: "text/a", data: null }))).toBe("invalid");
    expect(await client.ask({ publish: "later/a", data: "no" })).toMatchObject({
      error: { code: "invalid", message: "not no" },
    });
    expect(await client.ask({ publish: "later/a", data: "yes" })).toHaveProperty("offset");
  });

  it("P14: what the schema returns is what is appended", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "text/b" });
    await client.ask({ publish: "text/b", data: { text: "hi", more: "stripped" } });
    expect((await client.message(ch))[1]).toEqual({ text: "hi", n: 7 });
  });

  it("A4, W3: bytes() takes bytes only, from binary frames and from base64", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "bytes/a" });
    expect(await client.ask({ publish: "bytes/a", data: "text" })).toMatchObject({
      error: { code: "invalid", message: "expected bytes" },
    });
    client.send('{"id":1,"publish":"bytes/a","data":null,"bytes":3}', "AQID");
    expect(await client.answer(1)).toHaveProperty("offset");
    client.socket.send(
      Buffer.concat([
        Buffer.from('{"id":2,"publish":"bytes/a","data":null,"bytes":2}\n'),
        Buffer.from([10, 255]),
      ]),
    );
    expect(await client.answer(2)).toHaveProperty("offset");
    client.send('{"id":3,"publish":"bytes/a","data":null,"bytes":5}', "AQIDBAU=");
    expect(code(await client.answer(3))).toBe("invalid");
    client.send('{"id":4,"publish":"bytes/a","data":null,"bytes":0}');
    expect(await client.answer(4)).toHaveProperty("offset");
    const all = (await client.payloads(ch, 3)).map((payload) => [...(payload as Uint8Array)]);
    expect(all).toEqual([[1, 2, 3], [10, 255], []]);
  });

  it("A9: the application's own messages are validated like all others", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const { ch } = await client.ask({ subscribe: "text/c" });
    await expect(app.publish("text/:id", { id: "c" }, { text: "too long" })).rejects.toMatchObject({
      code: "invalid",
    });
    await expect(app.publishTo("nowhere", 1)).rejects.toMatchObject({ code: "not_found" });
    const { offset } = await app.publish("text/:id", { id: "c" }, { text: "hi" });
    expect(await client.message(ch)).toEqual([offset, { text: "hi", n: 7 }]);
  });

  it("A7, A6: calls are answered with what the method returned or threw", async () => {
    const { url } = await serve(app);
    const client = await connect(url);
    const call = async (name: string, data?: unknown): Promise<unknown> => {
      client.send({ id: 1, call: name, data });
      const line = (await client.take((one) => "id" in one && one.id === 1)) as {
        ok?: unknown;
        error?: unknown;
      };
      return line.error ?? line.ok;
    };
    expect(await call("sum", [1, 2])).toBe(3);
    expect(await call("sum", ["1"])).toMatchObject({ code: "invalid", issues: [{ path: [0] }] });
    expect(await call("who")).toEqual({ user: null, client: expect.any(String) });
    expect(await call("nothing")).toBeNull();
    expect(await call("fail")).toEqual({
      code: "internal",
      message: expect.not.stringContaining("secret"),
      retry: false,
    });
    expect(await call("refuse")).toEqual({ code: "teapot", message: "short and stout", retry: true });
    expect(await call("none")).toMatchObject({ code: "not_found" });
    expect(await call("large", 60_000)).toHaveLength(60_000);
    expect(await call("large", 70_000)).toMatchObject({ code: "too_large" });
  });

  it("A8: calls run side by side", async () => {
    const first = deferred<string>();
    const { url } = await serve(
      tidemark(quiet).methods({
        slow: method({ run: () => first.promise }),
        fast: method({ run: () => first.resolve("done") }),
      }),
    );
    const client = await connect(url);
    client.send({ id: 1, call: "slow" }, { id: 2, call: "fast" });
    expect(await client.take((line) => "id" in line && line.id === 1)).toEqual({ id: 1, ok: "done" });
  });
});
