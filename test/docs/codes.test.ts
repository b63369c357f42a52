/** Codes stand in three places: in the sources, in their types and in docs/protocol.md. Here they are compared. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  CLOSE_CODES,
  ERRORS,
  shouldReconnect,
  type CloseName,
  type ErrorCode,
  type EventFrame,
  type GapReason,
  type Kind,
} from "tidemark/protocol";
import { DEFAULT_LIMITS } from "tidemark";
import { DEFAULT_BUDGET } from "../../src/server/delivery/budget.js";
import { filesBelow, readText } from "../project/files.js";
import { sectionOf, tableOf } from "./tables.js";

const protocol = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** Fails to compile when the type has a name that is not here, or not the other way round. */
const REASONS: Record<GapReason, true> = { trimmed: true, epoch: true, rollback: true, failover: true };
const EVENTS: Record<EventFrame["event"], true> = {
  gap: true,
  join: true,
  leave: true,
  update: true,
  members: true,
  subscribed: true,
  unsubscribed: true,
  refused: true,
  goaway: true,
};
const KINDS: Record<Kind, true> = { stream: true, transient: true, state: true, room: true };

describe("docs/protocol.md has exactly", () => {
  test("W19: the error codes of the sources, with their retry", () => {
    const rows = tableOf(sectionOf(protocol, "Errors"), "code").map(([code, retry]) => [code, retry]);
    expect(rows).toEqual(Object.entries(ERRORS).map(([code, { retry }]) => [code, retry ? "yes" : "no"]));
  });

  test("the sentences of the error codes", () => {
    const rows = tableOf(sectionOf(protocol, "Errors"), "code").map(([, , about]) => about);
    expect(rows).toEqual(Object.values(ERRORS).map(({ about }) => sentence(about)));
  });

  test("W19: the close codes of the sources, and whether to come back", () => {
    const rows = tableOf(sectionOf(protocol, "Closing"), "code");
    expect(rows).toEqual(
      Object.entries(CLOSE_CODES).map(([name, { code, about }]) => [
        String(code),
        name,
        shouldReconnect(code) ? "yes" : "no",
        sentence(about),
      ]),
    );
  });

  test("the reasons of gaps", () => {
    const rows = tableOf(sectionOf(protocol, "Gaps"), "reason").map(([reason]) => reason);
    expect(rows).toEqual(Object.keys(REASONS));
  });

  test("the events", () => {
    const rows = tableOf(sectionOf(protocol, "Events"), "event").map(([event]) => event);
    expect(rows).toEqual(Object.keys(EVENTS));
  });

  test("the kinds of channels", () => {
    for (const section of ["subscribe"]) {
      const kinds = Object.keys(KINDS).join(" or ");
      const rows = [
        ...tableOf(sectionOf(protocol, section), "field"),
        ...tableOf(sectionOf(protocol, section), "in ok"),
      ];
      expect(rows.filter(([name]) => name === "kind").map(([, type]) => type)).toEqual([kinds, kinds]);
    }
  });

  test("the limits of the sources, with their defaults", () => {
    const defaults: Record<string, unknown> = { "unsent.perConnection": DEFAULT_BUDGET.perConnection };
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) defaults[`limits.${name}`] = value;
    const rows = tableOf(sectionOf(protocol, "Limits"), "limit").filter(([name]) => name?.includes("."));
    expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(defaults).sort());
    for (const [name = "", text = ""] of rows) {
      const numbers = [...text.matchAll(/\d[\d,]*/g)].map(([number]) => Number(number.replaceAll(",", "")));
      const value = defaults[name];
      expect([name, numbers]).toEqual([
        name,
        typeof value === "number" ? [value] : Object.values(value as object),
      ]);
    }
  });
});

test("every code that the server throws is in the table", () => {
  const known: ReadonlySet<string> = new Set<ErrorCode>(Object.keys(ERRORS) as ErrorCode[]);
  const ofTheServerAlone = new Set(["already_listening", "closed"]);
  const thrown = filesBelow("src/server").flatMap((path) =>
    [...codeOf(path).matchAll(/new TidemarkError\(\s*"(\w+)"/g)].map(([, code = ""]) => ({ path, code })),
  );
  expect(thrown.length).toBeGreaterThan(10);
  expect(thrown.filter(({ code }) => !known.has(code) && !ofTheServerAlone.has(code))).toEqual([]);
});

test("every name that the server closes with is in the table", () => {
  const known: ReadonlySet<string> = new Set<CloseName>(Object.keys(CLOSE_CODES) as CloseName[]);
  const closed = filesBelow("src/server").flatMap((path) =>
    [...codeOf(path).matchAll(/\bclose\("(\w+)"/g)].map(([, name = ""]) => ({ path, name })),
  );
  expect(closed.length).toBeGreaterThan(5);
  expect(closed.filter(({ name }) => !known.has(name))).toEqual([]);
});

/** A source file without its comments: examples there throw codes of an application's own. */
function codeOf(path: string): string {
  return readText(path).replaceAll(/^\s*(\/\/|\/?\*).*$/gm, "");
}

/** A table's words as the document writes them. */
function sentence(about: string): string {
  return `${about.charAt(0).toUpperCase()}${about.slice(1)}.`.replaceAll("`", "");
}
