/** `tidemark sub`, `pub` and `whoami`, as processes against a server in this one. */
import { memoryBroker, type Broker } from "tidemark/broker";
import { bytes, silentLogger, stream, tidemark as server, TidemarkError, transient } from "tidemark";
import { connect } from "tidemark/client";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { paintFor, printable } from "../../src/cli/output.js";
import { startOf } from "../../src/cli/sub.js";
import { tidemark, type Running } from "./support.js";

function makeApp(broker: Broker) {
  return server({
    log: silentLogger,
    broker,
    authenticate: ({ token }) => {
      if (token === "mallory") throw new TidemarkError("unauthorized", "not you");
      return { id: token ?? "nobody" };
    },
  }).channels({
    "chat/:id": stream({ retain: { count: 100 } }),
    "files/:id": stream({ message: bytes(), retain: { count: 10 } }),
    "staff/:id": stream({ allow: () => false }),
    "typing/:id": transient(),
  });
}

let app: ReturnType<typeof makeApp>;
let port: number;
let url: string;
let broker: Broker;

beforeEach(async () => {
  broker = memoryBroker();
  app = makeApp(broker);
  ({ port } = await app.listen({ port: 0, host: "127.0.0.1" }));
  url = `ws://127.0.0.1:${port}/connect`;
  onTestFinished(() => app.close());
});

const run = (...args: string[]): Running => tidemark(args, { TIDEMARK_URL: url });
const say = (text: string) => app.publish("chat/:id", { id: "general" }, { text });

describe("tidemark sub", () => {
  test("prints the last messages, and follows until ^C", async () => {
    for (const text of ["one", "two", "three"]) await say(text);
    const sub = run("sub", "chat/general", "--last", "2");
    await sub.says("three");
    await say("four");
    await sub.says("four");
    sub.kill("SIGINT");
    expect(await sub.exit).toBe(0);
    expect(sub.out().replaceAll(/\d\d:\d\d:\d\d/g, "TIME")).toBe(
      'TIME  -  {"text":"two"}\nTIME  -  {"text":"three"}\nTIME  -  {"text":"four"}\n',
    );
    expect(sub.err()).toBe("");
  });

  test("survives the restart of the server, without losing or repeating anything", async () => {
    const sub = run("sub", "chat/general", "--last", "100");
    await say("before");
    await sub.says("before");
    await app.close();
    await sub.warns("trying again");
    app = makeApp(broker);
    await say("while away");
    await app.listen({ port, host: "127.0.0.1" });
    await sub.says("while away");
    await sub.warns("connected to");
    await say("after");
    await sub.says("after");
    sub.kill("SIGTERM");
    expect(await sub.exit).toBe(0);
    expect(sub.out().match(/before|while away|after/g)).toEqual(["before", "while away", "after"]);
  });

  test("with --json prints an object a line, and with --count ends by itself", async () => {
    const { offset } = await say("hi");
    const sub = run("sub", "chat/general", "--last", "1", "--count", "1", "--json");
    expect(await sub.exit).toBe(0);
    expect(JSON.parse(sub.out())).toEqual({
      channel: "chat/general",
      offset,
      time: expect.any(Number) as number,
      data: { text: "hi" },
    });
  });

  test("prints bytes as such", async () => {
    await app.publish("files/:id", { id: "logo" }, new Uint8Array([0, 10, 255]));
    const readable = run("sub", "files/logo", "--last", "1", "--count", "1");
    expect(await readable.exit).toBe(0);
    expect(readable.out()).toContain("3 bytes 000aff");
    const json = run("sub", "files/logo", "--last", "1", "--count", "1", "--json");
    expect(await json.exit).toBe(0);
    expect(json.out()).toContain('"bytes":"AAr/"');
  });

  test("follows a transient channel too", async () => {
    const sub = run("sub", "typing/general", "--last", "3", "--count", "1");
    await sub.warns("keeps nothing");
    const client = connect(url, { token: "ann" });
    onTestFinished(() => client.close());
    const typing = client.transient("typing/general");
    await typing.ready;
    // Nothing is kept, so it is said until somebody hears it.
    let heard = false;
    const end = sub.exit.finally(() => (heard = true));
    while (!heard) await Promise.race([typing.publish({ on: true }), end]);
    expect(await end).toBe(0);
    expect(sub.out()).toMatch(/ann {2}\{"on":true\}\n/);
  });

  test.each([
    [["sub", "nowhere/at/all"], "not_found"],
    [["sub", "staff/room"], "forbidden"],
    [["sub", "chat/general", "--token", "mallory"], "not you"],
  ])("%j ends with 1, and says why", async (args, message) => {
    const sub = run(...args);
    expect(await sub.exit).toBe(1);
    expect(sub.err()).toContain(message);
  });

  test.each([
    [["sub"], "which channel"],
    [["sub", "a", "--last", "many"], "--last takes a whole number from 0 to 1000"],
    [["sub", "a", "--last", "1", "--since", "5m"], "exclude each other"],
    [["sub", "a", "--since", "yesterday-ish"], "--since takes a time"],
    [["sub", "a", "--colour"], "--colour"],
    [["sub", "a", "--url", "nowhere"], "--url takes an address"],
    [["pub", "a", "{"], "this is not JSON"],
    [["pub", "a", "1", "2"], "as one argument"],
    [["whoami", "really"], "no arguments"],
  ])("%j ends with 2, and says what to write instead", async (args, message) => {
    const sub = run(...args);
    expect(await sub.exit).toBe(2);
    expect(sub.err()).toContain(message);
  });

  test("takes times in several forms", () => {
    const now = new Date(2026, 0, 31, 15, 0, 0).getTime();
    expect(startOf(undefined, "5m", now)).toEqual({ since: now - 300_000 });
    expect(startOf(undefined, "14:05", now)).toEqual({ since: new Date(2026, 0, 31, 14, 5).getTime() });
    expect(startOf(undefined, "2026-01-30T09:00", now)).toEqual({
      since: new Date(2026, 0, 30, 9).getTime(),
    });
    expect(startOf(undefined, "1577836800000", now)).toEqual({ since: 1_577_836_800_000 });
    expect(startOf("5", undefined)).toEqual({ last: 5 });
    expect(startOf(undefined, undefined)).toEqual({});
  });
});

describe("tidemark pub", () => {
  test("publishes its argument, under the token's name", async () => {
    const pub = run("pub", "chat/general", '{"text":"hi"}', "--token", "ann");
    expect(await pub.exit).toBe(0);
    expect(pub.out()).toMatch(/^published to chat\/general at \d+\n$/);
    const sub = run("sub", "chat/general", "--last", "1", "--count", "1");
    expect(await sub.exit).toBe(0);
    expect(sub.out()).toContain('ann  {"text":"hi"}');
  });

  test("publishes each line of standard input, in order, as it comes", async () => {
    const sub = run("sub", "chat/general", "--json", "--last", "100");
    const pub = run("pub", "chat/general");
    pub.type('{"n":0}\n');
    await sub.says('{"n":0}');
    pub.type(Array.from({ length: 300 }, (_, n) => `{"n":${n + 1}}\n`).join(""));
    pub.endInput();
    expect(await pub.exit).toBe(0);
    expect(pub.out()).toBe("301 published to chat/general\n");
    await sub.says('{"n":300}');
    sub.kill("SIGINT");
    expect(await sub.exit).toBe(0);
    const numbers = sub.out().match(/(?<="n":)\d+/g);
    expect(numbers).toEqual(Array.from({ length: 301 }, (_, n) => String(n)));
  });

  test("a line that is no JSON stops nothing, and shows in the exit code", async () => {
    const pub = run("pub", "chat/general");
    pub.type('1\nnope\n\n"x"\n');
    pub.endInput();
    expect(await pub.exit).toBe(1);
    expect(pub.err()).toContain("line 2: this is not JSON: nope");
    expect(pub.out()).toBe("2 published to chat/general, 1 failed\n");
  });

  test("what is refused ends with 1, and so does a server that cannot be reached in time", async () => {
    const refused = run("pub", "staff/room", "1");
    expect(await refused.exit).toBe(1);
    expect(refused.err()).toContain("forbidden");
    const unreachable = run(
      "pub",
      "chat/general",
      "1",
      "--url",
      "ws://127.0.0.1:1/connect",
      "--timeout",
      "0",
    );
    expect(await unreachable.exit).toBe(1);
    expect(unreachable.err()).toContain("offline");
  });

  test("waits for a server that is not there yet", async () => {
    await app.close();
    const pub = run("pub", "chat/general", '"late"');
    app = makeApp(broker);
    await app.listen({ port, host: "127.0.0.1" });
    expect(await pub.exit).toBe(0);
  });

  test("^C ends it", async () => {
    const pub = run("pub", "chat/general");
    pub.type('"one"\n');
    const client = connect(url);
    onTestFinished(() => client.close());
    for await (const message of client.stream("chat/general", { last: 1 })) if (message.data === "one") break;
    pub.kill("SIGINT");
    expect(await pub.exit).toBe(130);
  });
});

describe("tidemark whoami", () => {
  test("says what the server says", async () => {
    const whoami = run("whoami", "--token", "ann");
    expect(await whoami.exit).toBe(0);
    expect(whoami.out()).toMatch(
      /^server +ws:.*\nconnection +\S+\ndurability +memory\nround trip +\d+ ms\n$/m,
    );
    const json = run("whoami", "--json");
    expect(await json.exit).toBe(0);
    expect(JSON.parse(json.out())).toMatchObject({ url, durability: "memory" });
  });

  test("ends with 1 when the token is refused, or nobody answers", async () => {
    const refused = run("whoami", "--token", "mallory");
    expect(await refused.exit).toBe(1);
    expect(refused.err()).toContain("not you (unauthorized)");
    const nobody = run("whoami", "--url", "ws://127.0.0.1:1/");
    expect(await nobody.exit).toBe(1);
    expect(nobody.err()).toContain("cannot reach ws://127.0.0.1:1/");
  });
});

describe("the output", () => {
  test("has colours only on a terminal, and not with NO_COLOR", () => {
    const terminal = { isTTY: true } as NodeJS.WriteStream;
    expect(paintFor(terminal, {})("dim", "x")).toBe("\u001b[2mx\u001b[0m");
    expect(paintFor(terminal, { NO_COLOR: "1" })("dim", "x")).toBe("x");
    expect(paintFor({ isTTY: false } as NodeJS.WriteStream, {})("dim", "x")).toBe("x");
  });

  test("shows what would move a terminal's cursor, and does not do it", () => {
    expect(printable("a\u001b[2Jb\u009bc\u2028")).toBe("a\\u001b[2Jb\\u009bc\\u2028");
  });
});
