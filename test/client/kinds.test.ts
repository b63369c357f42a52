/** The kinds of channels as a client has them, over a host that notes what it is asked. */
import { parseCursor } from "tidemark/protocol";
import { describe, expect, test } from "vitest";
import type { ClientHost } from "../../src/client/host.js";
import { streamKind } from "../../src/client/kinds/stream.js";
import { transientKind } from "../../src/client/kinds/transient.js";
import { payloadOf } from "../../src/client/payload.js";

/** A host with these parts; whoever uses another one fails. */
const hostOf = (parts: Partial<ClientHost>): ClientHost => parts as ClientHost;

const stream = (parts: Partial<ClientHost> = {}) => streamKind(hostOf(parts));
const transient = (parts: Partial<ClientHost> = {}) => transientKind(hostOf(parts));

describe("a stream's place", () => {
  test("is nowhere before the server has said where", () => {
    const place = stream().place("chat/general");
    expect(place.cursor()).toBeUndefined();
    expect(place.take(5)).toBe(false);
  });

  test("is behind each message, which is news once", () => {
    const place = stream().place("chat/general");
    place.begin("e:5");
    expect([place.take(5), place.take(7), place.take(6), place.take(7), place.take(8)]).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(place.cursor()).toEqual(parseCursor("e:8"));
  });

  test("is not taken back by an answer, but is another log's if that says so", () => {
    const place = stream().place("chat/general");
    place.begin("e:5");
    const before = place.cursor();
    place.begin("e:3");
    expect(place.cursor()).toBe(before);
    place.begin("f:3");
    expect(place.cursor()).toEqual(parseCursor("f:3"));
  });

  test("is where a gap says, also further back", () => {
    const place = stream().place("chat/general");
    place.begin("e:5");
    place.skip({ epoch: "e", offset: 2 });
    expect(place.cursor()).toEqual(parseCursor("e:2"));
  });

  test("is never where the server has not said a cursor", () => {
    expect(() => stream().place("chat/general").begin(undefined)).toThrow("no cursor for chat/general");
  });
});

test("a stream publishes under the next number, and says which", async () => {
  const published: unknown[] = [];
  let last = 0;
  const kind = stream({
    number: () => ++last,
    publish: async (channel, { body }, n) => {
      published.push([channel, body, n]);
      return { offset: 40 + n };
    },
  });
  const answers = ["a", "b"].map((data) => kind.publish("chat/general", data, payloadOf));
  expect(answers.map(({ idem }) => idem)).toEqual([1, 2]);
  expect(await Promise.all(answers)).toEqual([{ offset: 41 }, { offset: 42 }]);
  expect(published).toEqual([
    ["chat/general", '"data":"a"', 1],
    ["chat/general", '"data":"b"', 2],
  ]);
});

test("a stream reads its past by a question that may be repeated", async () => {
  const asked: unknown[] = [];
  const kind = stream({
    me: () => "me",
    ask: async (...question) => {
      asked.push(question);
      return { entries: [[7, "hi", { sender: "me", idem: 1 }]], complete: false, more: true };
    },
  });
  expect(await kind.read?.("chat/general", { before: 9 })).toMatchObject({
    messages: [{ offset: 7, data: "hi", mine: true, idem: 1 }],
    complete: false,
    more: true,
  });
  expect(asked).toEqual([['"history":"chat/general","before":9', true]]);
});

describe("a transient channel", () => {
  test("has no place, and takes every message", () => {
    const place = transient().place("typing/general");
    place.begin(undefined);
    place.skip({ epoch: "e", offset: 2 });
    expect([place.take(0), place.take(0), place.cursor()]).toEqual([true, true, undefined]);
  });

  test("has no past", () => {
    expect(transient().read).toBeUndefined();
  });

  test("publishes once, and nobody has to look at what came of it", async () => {
    const kind = transient({ publishOnce: () => Promise.reject(new Error("lost")) });
    void kind.publish("typing/general", 1, payloadOf);
    await expect(kind.publish("typing/general", 1, payloadOf)).rejects.toThrow("lost");
    const other = transient({ publishOnce: () => Promise.resolve() });
    expect(await other.publish("typing/general", 1, payloadOf)).toEqual({ offset: 0 });
  });

  test("rejects what cannot be sent", async () => {
    const nothing = (): never => {
      throw new Error("no JSON");
    };
    await expect(transient().publish("typing/general", 1, nothing)).rejects.toThrow("no JSON");
  });
});
