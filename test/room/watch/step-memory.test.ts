import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  MarkFile,
  markPath,
  parseMark,
  readMark,
  writeMark,
  writeState,
} from "../../../src/server/kinds/room/watch/mark-file.js";
import { newStepMemory, StepReader, StepWriter } from "../../../src/server/kinds/room/watch/step-memory.js";
import { readWatched, watchedOf, type WatchedReign } from "../../../src/server/kinds/room/watch/steps.js";

const REIGN: WatchedReign = {
  room: "arena/1",
  reign: "aaaaaaaa",
  owner: "a",
  held: { token: "token", secret: "secret", note: '["a","aaaaaaaa"]', ttl: 3000 },
};
const OTHER: WatchedReign = { room: "arena/é", reign: "bbbbbbbb", owner: "b", held: undefined };

describe("R9: the step that a process is in", () => {
  const memory = newStepMemory();
  const steps = new StepWriter(memory);
  const reader = new StepReader(memory);

  test("is none before the first", () => {
    expect(reader.read()).toMatchObject({ isInside: false, isDebugged: false, isTight: false });
    expect(readWatched(reader.record())).toBeUndefined();
  });

  test("is of a room, a tick and a hook, and has another number each time", () => {
    const watched = watchedOf(REIGN);
    steps.begin(watched, 500, "step");
    steps.at("input");
    const first = reader.read();
    expect(first).toMatchObject({ isInside: true, tick: 500, step: "input" });
    expect(readWatched(reader.record())).toEqual(REIGN);
    steps.end();
    expect(reader.read().isInside).toBe(false);
    steps.begin(watched, 501, "step");
    expect(reader.read().sequence).not.toBe(first.sequence);
    steps.end();
  });

  test("is another one where it begins before the one before has ended, and an end too many is none", () => {
    steps.begin(watchedOf(OTHER), 1, "view");
    const { sequence } = reader.read();
    steps.begin(watchedOf(REIGN), 2 ** 40, "tick");
    expect(reader.read()).toMatchObject({ isInside: true, tick: 2 ** 40 });
    expect(reader.read().sequence).not.toBe(sequence);
    steps.end();
    steps.end();
    expect(reader.read().isInside).toBe(false);
    expect(readWatched(reader.record())).toEqual(REIGN);
  });

  test("is told of a room whose name is too long as well, without it", () => {
    steps.begin(watchedOf({ ...OTHER, room: "x".repeat(5000) }), 3, "tick");
    expect(reader.read()).toMatchObject({ isInside: true, tick: 3 });
    expect(readWatched(reader.record())).toBeUndefined();
    steps.end();
  });

  test("is told to who looks closely as it begins and ends", () => {
    const told: string[] = [];
    steps.lookClosely({ begin: ({ room }) => told.push(room), end: () => told.push("end") });
    expect(reader.read().isTight).toBe(true);
    steps.begin(watchedOf(REIGN), 1, "step");
    steps.end();
    steps.lookClosely(undefined);
    steps.begin(watchedOf(REIGN), 2, "step");
    steps.end();
    expect(told).toEqual(["arena/1", "end"]);
    expect(reader.read().isTight).toBe(false);
  });
});

describe("R9: the file of a process", () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), "tidemark-marks-"));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };

  test("says which room it is in the middle of, or that it is in none, and goes with it", () => {
    const path = folder();
    const file = MarkFile.open(path, 4711);
    expect(readMark(path, 4711)).toBeUndefined();
    file.begin(watchedOf(OTHER));
    expect(readMark(path, 4711)).toEqual({ state: "in", reign: OTHER });
    const watched = watchedOf(REIGN);
    file.begin(watched);
    file.end();
    expect(readMark(path, 4711)).toEqual({ state: "out", reign: REIGN });
    file.begin(watched);
    expect(readMark(path, 4711)).toEqual({ state: "in", reign: REIGN });
    file.close();
    expect(readMark(path, 4711)).toBeUndefined();
  });

  test("is nobody else's: there are tokens in it", () => {
    const path = folder();
    const file = MarkFile.open(path, 1);
    expect(statSync(markPath(path, 1)).mode & 0o077).toBe(0);
    file.close();
  });

  test("is the watching thread's as well", () => {
    const path = folder();
    const file = MarkFile.open(path, 1);
    const watched = watchedOf(OTHER);
    file.begin(watched);
    writeMark(file.fd, "stuck", watchedOf(REIGN).bytes);
    expect(readMark(path, 1)).toEqual({ state: "stuck", reign: REIGN });
    writeState(file.fd, "marked");
    expect(readMark(path, 1)?.state).toBe("marked");
    file.forget();
    file.begin(watched);
    expect(readMark(path, 1)).toEqual({ state: "in", reign: OTHER });
    file.close();
  });

  test("that is no such file, or was not written to its end, says nothing", () => {
    const path = folder();
    const file = MarkFile.open(path, 1);
    file.begin(watchedOf(REIGN));
    const text = readFileSync(markPath(path, 1), "utf8");
    file.close();
    expect(parseMark(text)).toBeDefined();
    for (const broken of ["", "i", "i\n", text.slice(0, -1), text.slice(1), "i[]\n", `x${text.slice(1)}`])
      expect(parseMark(broken)).toBeUndefined();
  });
});
