/** R9: the thread that watches over a process, a real one. It is what the build has made. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { elapse } from "../../../bench/lib/wait.js";
import { readMark } from "../../../src/server/kinds/room/watch/mark-file.js";

const PROGRAM = join(import.meta.dirname, "support/stands-still.mjs");
const STALL = 400;

interface Running {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Resolves with the first line that it says. */
  readonly said: Promise<string>;
  readonly ended: Promise<{ signal: NodeJS.Signals | null; lines: readonly string[]; errors: string }>;
}

function run(how: string, { execArgv = [] as readonly string[], stall = STALL } = {}): Running {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-watch-"));
  const child = spawn(process.execPath, [...execArgv, PROGRAM, how, `${stall}`], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", FOLDER: folder },
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  const said = once(reader, "line").then(([line]) => String(line));
  reader.on("line", (line) => lines.push(line));
  const ended = once(child, "close").then(() => ({ signal: child.signalCode, lines, errors }));
  return { child, folder, said, ended };
}

test.each([
  ["loops", [expect.stringMatching(/^standStill \(file:.*stands-still\.mjs:\d+:\d+\)$/) as string]],
  ["waits", undefined],
])(
  "R9: a process that %s in a step ends, and says which room, tick and hook it was, and where; and leaves it for who looks after it",
  async (how, at) => {
    const { child, folder, ended } = run(how);
    const { signal, errors } = await ended;
    expect(signal).toBe("SIGKILL");
    expect(JSON.parse(errors.trim())).toMatchObject({
      level: "error",
      room: "arena/1",
      tick: 500,
      step: "tick",
      marked: false,
      ...(at !== undefined && { at: expect.arrayContaining(at) as string[] }),
    });
    expect(readMark(folder, child.pid ?? 0)).toMatchObject({ state: "stuck", reign: { room: "arena/1" } });
  },
);

test("R9: one that has a debugger does not", async () => {
  const { ended } = run("3", { execArgv: ["--inspect=0"] });
  const { signal, lines } = await ended;
  expect([signal, lines]).toEqual([null, ["in", "done"]]);
});

test("R9: nor does one that is stopped in the middle of a step, for longer than that may take", async () => {
  const stall = 2000;
  // On a machine that is busy it may count four times.
  const { child, said, ended } = run("0.1", { stall });
  expect(await said).toBe("in");
  child.kill("SIGSTOP");
  await elapse(1.5 * stall);
  child.kill("SIGCONT");
  const { signal, lines, errors } = await ended;
  expect([signal, lines, errors]).toEqual([null, ["in", "done"], ""]);
});
