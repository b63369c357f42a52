import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Readable } from "node:stream";
import { join } from "node:path";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

const MAIN = join(import.meta.dirname, "../../dist/cli/main.js");
const running: ChildProcess[] = [];
const folders: string[] = [];

function run(...args: string[]): { child: ChildProcess; output: () => string; exit: Promise<number | null> } {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  let text = "";
  child.stdout?.on("data", (data: Buffer) => (text += data.toString()));
  child.stderr?.on("data", (data: Buffer) => (text += data.toString()));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  return { child, output: () => text, exit };
}

function configFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-cli-"));
  folders.push(folder);
  const file = join(folder, "config.json");
  writeFileSync(file, content);
  return file;
}

/** The address that a started server prints. */
async function address(server: ReturnType<typeof run>): Promise<string> {
  for (;;) {
    const url = /ws:\/\/\S+/.exec(server.output())?.[0];
    if (url !== undefined) return url;
    await Promise.race([once(server.child.stdout as Readable, "data"), server.exit.then(ended)]);
  }
  function ended(): never {
    throw new Error(`it ended without an address: ${server.output()}`);
  }
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe("tidemark serve", () => {
  it("serves the channels of its config file and stops on SIGTERM", async () => {
    const config = configFile('{"channels":{"news/:id":{"kind":"stream","retain":{"count":10,"for":"1d"}}}}');
    const server = run("serve", "--port", "0", "--config", config);
    const socket = new WebSocket(await address(server));
    await once(socket, "open");
    socket.send('{"id":1,"connect":{"subs":{"news/today":{},"chat/general":{}}}}');
    const [reply] = (await once(socket, "message")) as [Buffer];
    const { ok } = JSON.parse(reply.toString()) as {
      ok: { subs: Record<string, { kind?: string; error?: { code: string } }> };
    };
    expect(ok.subs["news/today"]?.kind).toBe("stream");
    expect(ok.subs["chat/general"]?.error?.code).toBe("not_found");
    const closed = once(socket, "close");
    server.child.kill("SIGTERM");
    expect((await closed)[0]).toBe(4000);
    expect(await server.exit).toBe(0);
  });

  it("E7, E13, E14: serves channels of keys with the rate, time to live and bounds that the file says", async () => {
    const keys = { kind: "state", rate: 20, ttl: "1m", keys: 2, bytes: 1000, presence: true, dedupe: "1m" };
    const config = configFile(JSON.stringify({ channels: { "keys/:id": keys } }));
    const server = run("serve", "--port", "0", "--config", config);
    const socket = new WebSocket(await address(server));
    await once(socket, "open");
    const lines: Record<string, unknown>[] = [];
    socket.on("message", (data: Buffer) => {
      for (const line of data.toString().split("\n")) lines.push(JSON.parse(line) as Record<string, unknown>);
    });
    const set = (id: number, value: object) =>
      JSON.stringify({
        id,
        publish: "keys/a",
        data: { set: value },
        idem: id,
        ...(id === 2 && { first: true }),
      });
    socket.send('{"id":1,"connect":{"subs":{"keys/a":{}}}}');
    socket.send(set(2, { a: 1, b: 2 }));
    socket.send(set(3, { c: 3 }));
    const answers = () => lines.filter((line) => "id" in line);
    while (answers().length < 3) await once(socket, "message");
    expect(answers()[0]).toMatchObject({
      ok: { subs: { "keys/a": { kind: "state", rate: 20, presence: true } } },
    });
    expect(answers()[1]).toMatchObject({ id: 2, ok: { cursor: expect.any(String) } });
    expect(answers()[2]).toMatchObject({ id: 3, error: { code: "limit_reached", limit: "keys" } });
    socket.close();
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe(0);
  });

  it.each([
    [["serve", "--port", "many"], "--port takes a number"],
    [["serve", "--colour"], "--colour"],
    [["dance"], "no command"],
    [["serve", "--config", "/nowhere.json"], "cannot read"],
  ])("says what is wrong with %j and exits with 2", async (args, message) => {
    const server = run(...args);
    expect(await server.exit).toBe(2);
    expect(server.output()).toContain(message);
  });

  it.each([
    ['{"channels":{"a/:b":{"kind":"streem"}}}', 'kind must be "stream", "transient" or "state"'],
    ['{"channels":{"a/:b":{"kind":"stream","retain":{"for":"often"}}}}', "retain.for must be"],
    ['{"channels":{"a/:b":{"kind":"stream","retian":{}}}}', '"retian"'],
    ['{"channels":{"a/:b":{"kind":"stream"},"a/:c":{"kind":"stream"}}}', "match the same names"],
    ['{"channels":[]}', "must be an object"],
  ])("names the mistake in the config %s", async (config, message) => {
    const server = run("serve", "--port", "0", "--config", configFile(config));
    expect(await server.exit).toBe(2);
    expect(server.output()).toContain(message);
  });
});
