/** How polls and other requests are let in and what they cost, as bare requests. */
import { createConnection } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "tidemark/client";
import { stream, tidemark, type AppOptions } from "tidemark";
import { ask, body } from "./support/http.js";

async function serve(options: Partial<AppOptions<null>>): Promise<string> {
  const app = tidemark({ log: { info() {}, warn() {}, error() {} }, http: { poll: 1 }, ...options }).channels(
    {
      "log/:id": stream({ retain: { count: 100 } }),
    },
  );
  const { port } = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => app.close());
  return `http://127.0.0.1:${port}/connect`;
}

const publisher = "a".repeat(20);

/** What a poll is answered with: the ticket for the next one, or the code of its refusal. */
async function poll(
  url: string,
  more: object = {},
): Promise<{ ticket?: string; code?: string; after?: number }> {
  const { lines } = await ask(`${url}/poll`, { body: body({ connect: { publisher, ...more } }) });
  const [line] = lines as { ok?: { ticket?: string }; error?: { code: string; after?: number } }[];
  return line?.ok ?? line?.error ?? {};
}

describe("a poll", () => {
  const connects = { perSecond: 0.001, burst: 2 };

  test("H44: is counted as a connection, whatever it says that it waits for", async () => {
    const url = await serve({ limits: { connects } });
    const answers = [await poll(url), await poll(url), await poll(url)];
    expect(answers.map(({ code }) => code)).toEqual([undefined, undefined, "rate_limited"]);
    expect(answers[2]?.after).toBeLessThanOrEqual(5000);
  });

  test("H44: is not where it shows the ticket of the one before", async () => {
    const url = await serve({ limits: { connects } });
    let { ticket } = await poll(url);
    for (let n = 0; n < 10; n++) {
      const next = await poll(url, { ticket });
      expect(next.code).toBeUndefined();
      ({ ticket } = next);
    }
  });

  test("H44: has a ticket for itself: another client's, another server's and one that is made up are none", async () => {
    const [url, other] = [await serve({ limits: { connects } }), await serve({})];
    const { ticket } = await poll(url, { publisher: "b".repeat(20) });
    const { ticket: foreign } = await poll(other);
    expect((await poll(url)).code).toBeUndefined();
    const never = `zzzzzzzz.${"A".repeat(43)}`;
    for (const wrong of [ticket, foreign, never, "", ".", "x.y.z", `${ticket}x`])
      expect([wrong, (await poll(url, { ticket: wrong })).code]).toEqual([wrong, "rate_limited"]);
  });

  test("H44: may come to another server where both have the same secret", async () => {
    const secret = "known to both of them";
    const [one, other] = [await serve({ secret }), await serve({ secret, limits: { connects } })];
    const { ticket } = await poll(one);
    for (let n = 0; n < 4; n++) expect((await poll(other, { ticket })).code).toBeUndefined();
    expect(() => tidemark({ secret: "short" })).toThrow(TypeError);
  });

  test("H44: the client's own go on from each other", async () => {
    const url = await serve({ limits: { connects: { perSecond: 0.001, burst: 2 } }, http: { poll: 25_000 } });
    const client = connect(url.replace("http", "ws"), { transports: ["poll"] });
    onTestFinished(() => client.close());
    const chat = client.stream("log/a");
    await chat.ready;
    for (let n = 0; n < 5; n++) {
      const came = new Promise((resolve) => chat.on("message", ({ data }) => data === n && resolve(n)));
      await chat.publish(n);
      await came;
    }
  });
});

describe("what requests cost", () => {
  const commands = { perSecond: 0.001, burst: 25 };
  const subs = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`log/${n}`, {}]));

  test("H45: ten channels in a connect command as much as one command, over all requests of a client", async () => {
    const url = await serve({ limits: { commands } });
    const codes = [];
    for (let n = 0; n < 4; n++) codes.push((await poll(url, { subs: subs(100) })).code);
    expect(codes).toEqual([undefined, undefined, undefined, "rate_limited"]);
    expect((await poll(url, { subs: subs(100), publisher: "b".repeat(20) })).code).toBeUndefined();
  });

  test("H45: one address has ten times as much, however many publisher secrets it makes up", async () => {
    const url = await serve({ limits: { commands, channels: false } });
    let good = 0;
    for (let n = 0; n < 30; n++) {
      const { code } = await poll(url, { subs: subs(100), publisher: `${n}`.padStart(20, "x") });
      if (code === undefined) good++;
    }
    // 250 at 14 each, and what is owed.
    expect(good).toBe(18);
  });

  test("H41: without a secret, a user has one rate over all requests, and so has an address without a user", async () => {
    const url = await serve({
      limits: { commands: { perSecond: 0.01, burst: 3 } },
      authenticate: ({ token }) => (token === undefined ? null : ({ id: token } as unknown as null)),
    });
    const send = async (token?: string): Promise<number> => {
      const asked = [1, 2].map((id) => ({ id, history: "log/a" }));
      const { lines } = await ask(`${url}/send`, { body: body({ connect: { token } }, ...asked) });
      return lines.filter((line) => "ok" in line).length;
    };
    expect([await send("ann"), await send("ann"), await send("bob")]).toEqual([2, 1, 2]);
    expect([await send(), await send()]).toEqual([2, 1]);
  });
});

test("H46: who goes on after being refused for its rate is read more slowly", async () => {
  const url = new URL(await serve({ limits: { commands: { perSecond: 1, burst: 1 } } }));
  const text = JSON.stringify({ connect: { publisher } });
  const post = [
    `POST ${url.pathname}/poll HTTP/1.1`,
    `Host: ${url.host}`,
    `Content-Length: ${text.length}`,
    "Content-Type: application/json",
    "",
    text,
  ].join("\r\n");
  const order: string[] = [];
  /** A socket of its own; what it is answered is told by its name. */
  const open = (name: string) => {
    const socket = createConnection({ port: Number(url.port), host: url.hostname });
    onTestFinished(() => void socket.destroy());
    let answered = (): void => {};
    socket.setEncoding("utf8").on("data", (data: string) => {
      for (let count = data.split("HTTP/1.1 ").length - 1; count > 0; count--) order.push(name);
      answered();
    });
    return {
      post: () => socket.write(post),
      answers: (count: number) =>
        new Promise<void>((resolve) => {
          answered = () => {
            if (order.filter((each) => each === name).length >= count) resolve();
          };
          answered();
        }),
    };
  };
  const [eager, other] = [open("eager"), open("other")];
  // The first is let in, the second refused; the third is what has to wait.
  for (let count = 1; count <= 2; count++) {
    eager.post();
    await eager.answers(count);
  }
  eager.post();
  other.post();
  await Promise.all([eager.answers(3), other.answers(1)]);
  expect(order).toEqual(["eager", "eager", "other", "eager"]);
});
