/** The two chats of docs/from-socket-io.md: both work, and what becomes of them when the network is cut. */
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { Chat } from "../../examples/from-socket-io/chat.js";
import * as socketIo from "../../examples/from-socket-io/socket-io.js";
import * as tidemark from "../../examples/from-socket-io/tidemark.js";
import { cableTo } from "../browser/support.js";
import { readText } from "../project/files.js";

/** Somebody in a room, with all that was shown, and a way to wait for it. */
class Person {
  readonly lines: string[] = [];
  members: string[] = [];
  readonly typing: string[] = [];
  readonly chat: Chat;
  #changed = (): void => {};

  constructor(join: typeof tidemark.join, port: number, name: string) {
    this.chat = join(port, name, "lobby", {
      message: (from, text) => this.#show(() => this.lines.push(`${from}: ${text}`)),
      members: (names) => this.#show(() => (this.members = names)),
      typing: (who, on) => this.#show(() => this.typing.push(`${who} ${on ? "on" : "off"}`)),
    });
    onTestFinished(() => this.chat.leave());
  }

  #show(change: () => unknown): void {
    change();
    this.#changed();
  }

  async until(there: () => boolean): Promise<void> {
    while (!there()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

describe.each([
  ["Socket.IO", socketIo],
  ["Tidemark", tidemark],
])("the chat on %s", (_name, { serve, join }) => {
  let close: () => Promise<void>;
  afterEach(() => close());

  async function start(): Promise<number> {
    const server = await serve();
    ({ close } = server);
    return server.port;
  }

  test("shows history, messages, members and typing, and refuses an empty text", async () => {
    const port = await start();
    const ann = new Person(join, port, "ann");
    await ann.until(() => ann.members.includes("ann"));
    await ann.chat.say(" first ");
    const bob = new Person(join, port, "bob");
    await bob.until(() => bob.lines.length === 1 && bob.members.length === 2);
    await ann.until(() => ann.members.length === 2);
    expect(ann.members).toEqual(["ann", "bob"]);
    await bob.chat.say("second");
    await ann.until(() => ann.lines.length === 2);
    expect(ann.lines).toEqual(["ann: first", "bob: second"]);
    expect(bob.lines).toEqual(ann.lines);
    await expect(ann.chat.say("  ")).rejects.toThrow();
    ann.chat.typing(true);
    await bob.until(() => bob.typing.includes("ann on"));
    bob.chat.leave();
    await ann.until(() => ann.members.length === 1);
  });

  test("loses and doubles nothing when one of them is cut off for a while", async () => {
    const port = await start();
    const cable = await cableTo(port);
    onTestFinished(() => cable.close());
    const ann = new Person(join, port, "ann");
    const bob = new Person(join, cable.port, "bob");
    await ann.until(() => ann.members.length === 2);
    cable.cut();
    const said = bob.chat.say("from afar");
    await ann.chat.say("one");
    await ann.chat.say("two");
    cable.mend();
    await said;
    for (const person of [ann, bob]) {
      await person.until(() => person.lines.length === 3);
      expect(person.lines.toSorted()).toEqual(["ann: one", "ann: two", "bob: from afar"]);
    }
    expect(bob.lines).toEqual(ann.lines);
  });
});

const linesOf = (path: string): number => readText(path).split("\n").length;

test("the chat on Tidemark is not longer", () => {
  const theirs = linesOf("examples/from-socket-io/socket-io.ts");
  const ours = linesOf("examples/from-socket-io/tidemark.ts");
  console.info(`lines: Socket.IO ${theirs}, Tidemark ${ours}`);
  expect(theirs).toBeLessThanOrEqual(125);
  expect(ours).toBeLessThanOrEqual(theirs);
});

test("the document shows these very files", () => {
  const document = readText("docs/from-socket-io.md");
  for (const name of ["chat", "socket-io", "tidemark"]) {
    expect(document).toContain(
      `\`\`\`ts file=${name}.ts\n${readText(`examples/from-socket-io/${name}.ts`)}\`\`\``,
    );
  }
});
