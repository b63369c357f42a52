/** Every example of docs/protocol.md, run against a server over a plain WebSocket. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { createMemoryHub, type MemoryHub, type MemorySnapshot } from "tidemark/broker";
import { exampleApp, type ExampleOptions } from "./example-app.js";
import { fencesOf, fillIn, matches, readExample, type Example, type Step, type Values } from "./examples.js";
import { PlainClient } from "./plain-client.js";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const document = read("../../docs/protocol.md");
const fences = fencesOf(document);
const examples = fences.filter(({ info }) => /^tidemark\b/.test(info)).map(readExample);

/** An answer that every connection gets at once, and that nothing else can be. */
const LAST = { ask: '{"id":4611686018427387}', answer: '{"id":4611686018427387,"error":…' };

/** One example's server and connections, and what its names stand for. */
class Run {
  readonly #hub: MemoryHub = createMemoryHub();
  readonly #app: ReturnType<typeof exampleApp>;
  readonly #values: Values = new Map();
  readonly #clients = new Map<string, PlainClient>();
  #snapshot: MemorySnapshot | undefined;
  #url = "";

  constructor(options: ExampleOptions) {
    this.#app = exampleApp(this.#hub.broker(), options);
  }

  async all({ steps }: Example): Promise<void> {
    const { port } = await this.#app.listen({ port: 0, host: "127.0.0.1" });
    this.#url = `ws://127.0.0.1:${port}/connect`;
    for (const step of steps) {
      await this.#step(step).catch((cause: unknown) => {
        throw new Error(`docs/protocol.md:${step.line}: ${step.source}\n${String(cause)}`, { cause });
      });
    }
    for (const client of this.#clients.values()) await nothingMore(client);
  }

  async end(): Promise<void> {
    await this.#app.close();
  }

  async #step(step: Step): Promise<void> {
    switch (step.do) {
      case "send":
        return this.#send(await this.#client(step.who), step);
      case "expect": {
        const { text, bytes } = await (await this.#client(step.who)).line(step.text === "{}");
        if (!matches(step.text, text, this.#values)) throw new Error(`the server said\n${text}`);
        expect(bytes?.toString("hex")).toBe(step.bytes?.toString("hex"));
        return undefined;
      }
      case "close":
        return (await this.#client(step.who)).close(step.code);
      case "closed": {
        const { code, reason } = await (await this.#client(step.who)).closed();
        expect(code).toBe(step.code);
        if (!matches(step.reason, reason, this.#values)) throw new Error(`the reason was\n${reason}`);
        return undefined;
      }
      case "action":
        return this.#act(step.action, step.argument);
    }
  }

  #send(client: PlainClient, { lines, bytes }: Step & { do: "send" }): void {
    const text = lines.map((line) => fillIn(line, this.#values)).join("\n");
    client.send(bytes === undefined ? text : Buffer.concat([Buffer.from(`${text}\n`), bytes]));
  }

  async #client(name: string): Promise<PlainClient> {
    let client = this.#clients.get(name);
    if (client === undefined) {
      client = await PlainClient.open(this.#url);
      this.#clients.set(name, client);
    }
    return client;
  }

  /** What may happen on the server's side. */
  async #act(action: string, argument: string): Promise<void> {
    switch (action) {
      case "publish": {
        // The application publishes: a channel's name, and the message.
        const [, channel = "", data = ""] = /^(\S+) (.+)$/.exec(argument) ?? [];
        await this.#app.publishTo(channel, JSON.parse(data) as unknown);
        return;
      }
      case "remember":
        // A replica has seen everything up to here.
        this.#snapshot = this.#hub.snapshot();
        return;
      case "failover":
        // The replica takes over, and what came after is lost.
        this.#hub.restore(this.#snapshot);
        return;
      case "disconnect":
        await this.#app.disconnect(argument);
        return;
      case "subscribe":
        // The server subscribes a user's connections: the user's id and the channel.
        await this.#app.user(argument.split(" ")[0] ?? "").subscribe(argument.split(" ")[1] ?? "");
        return;
      case "unsubscribe": {
        // And ends it, with a reason.
        const [user = "", channel = "", ...reason] = argument.split(" ");
        await this.#app.user(user).unsubscribe(channel, reason.join(" "));
        return;
      }
      case "stop":
        await this.#app.close();
        return;
      default:
        throw new Error(`no such action: ${action}`);
    }
  }
}

async function nothingMore(client: PlainClient): Promise<void> {
  if (!client.open) return;
  client.send(LAST.ask);
  const { text } = await client.line();
  if (!matches(LAST.answer, text, new Map())) throw new Error(`at the end the server said too\n${text}`);
}

describe("the examples of docs/protocol.md", () => {
  let run: Run | undefined;
  afterEach(() => run?.end());

  test.each(examples.map((example) => [example.about, example.line, example] as const))(
    "%s, line %i",
    async (_about, _line, example) => {
      run = new Run(example.options as ExampleOptions);
      await run.all(example);
    },
  );

  test("are all there is: no frame is shown that is not run", () => {
    const known = fences.filter(({ info }) => /^(tidemark( \{.*\})?|ts( fragment)?|text)$/.test(info));
    expect(fences.map(({ line }) => line)).toEqual(known.map(({ line }) => line));
    const inOthers = fences.filter(({ info }) => !info.startsWith("tidemark")).flatMap(({ lines }) => lines);
    const loose = document.split("\n").filter((line) => !fences.some((fence) => fence.lines.includes(line)));
    expect([...inOthers, ...loose].filter((line) => /^\s*[A-Z]?[<>][+=]? *["[{]/.test(line))).toEqual([]);
    // Every line that an example can have is taken: lines that are not would have thrown.
    expect(examples.length).toBeGreaterThan(20);
  });

  test("talk to the server that the document describes", () => {
    const app = unindented(read("./example-app.ts"));
    for (const { lines } of fences.filter(({ info }) => info.startsWith("ts"))) {
      expect(app).toContain(unindented(lines.join("\n")));
    }
  });
});

function unindented(text: string): string {
  return text.replace(/^ +/gm, "");
}

describe("the language of the examples", () => {
  test("has names that take a value once and keep it", () => {
    const values: Values = new Map();
    expect(matches('[<ch>,<offset>,{"at":<offset>}]', '[7,12,{"at":13}]', values)).toBe(false);
    expect(matches('[<ch>,<offset>,{"at":<offset>}]', '[7,12,{"at":12}]', values)).toBe(true);
    expect(matches("[<ch>]", "[8]", values)).toBe(false);
    expect(fillIn('{"a":<ch>,"b":"<ch>:<offset>"}', values)).toBe('{"a":7,"b":"7:12"}');
    expect(() => fillIn("<new>", values)).toThrow("<new> stands for nothing yet");
  });

  test("has names of whole values, and of parts of a text", () => {
    const values: Values = new Map();
    expect(matches('{"a":<a>,"b":"<e>:<o>"}', '{"a":"x:,}\\"","b":"k3x:9"}', values)).toBe(true);
    expect(Object.fromEntries(values)).toEqual({ a: '"x:,}\\""', e: "k3x", o: "9" });
    expect(matches("[<list>]", "[1,2]", new Map())).toBe(false);
  });

  test("has an ellipsis for whatever is there, and is literal otherwise", () => {
    expect(matches('{"message":"…","n":1}', '{"message":"a \\" b","n":1}', new Map())).toBe(true);
    expect(matches('{"a":…}', '{"a":{"b":[1]}}', new Map())).toBe(true);
    expect(matches('{"a":1}', '{"a":12}', new Map())).toBe(false);
    expect(matches("a.c", "abc", new Map())).toBe(false);
  });

  test("has no line that means nothing", () => {
    const example =
      (...lines: string[]) =>
      () =>
        readExample({ line: 1, about: "", info: "tidemark", lines });
    expect(example("{}")).toThrow("line 2 is no line of an example");
    expect(example("<{}")).toThrow("line 2 is no line of an example");
    expect(example("< {}", ">+ x")).toThrow("nothing before this line");
    expect(example("> {}", ">= xy")).toThrow("not bytes in hex");
    expect(example("# words", "", "A> {}", "A< {}", "! stop")().steps).toHaveLength(3);
  });
});
