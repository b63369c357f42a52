/** The kinds of channels as a client has them, over a host that notes what it is asked. */
import { expect, test } from "vitest";
import type { ClientHost } from "../../src/client/host.js";
import { streamKind } from "../../src/client/kinds/stream.js";
import { transientKind } from "../../src/client/kinds/transient.js";
import { payloadOf } from "../../src/client/payload.js";

/** A host with these parts; whoever uses another one fails. */
const hostOf = (parts: Partial<ClientHost>): ClientHost => parts as ClientHost;

/** Notes what is published by this method of the host, and answers with offset 40. */
function noting(method: "publish" | "send", published: unknown[]): Partial<ClientHost> {
  return {
    [method]: async (...publish: unknown[]) => {
      published.push(publish);
      return { offset: 40 };
    },
  };
}

test("a stream publishes in order, under its publisher's number", async () => {
  const published: unknown[] = [];
  const kind = streamKind(hostOf(noting("publish", published)));
  const payload = payloadOf("hi");
  expect(await kind.send("chat/general", payload, 7)).toEqual({ offset: 40 });
  expect(published).toEqual([["chat/general", payload, 7]]);
});

test("a transient publishes once, and has no past", async () => {
  const published: unknown[] = [];
  const kind = transientKind(hostOf(noting("send", published)));
  const payload = payloadOf("hi");
  await kind.send("typing/general", payload, 7);
  expect(published).toMatchObject([["typing/general", payload, 7]]);
  expect(kind.read).toBeUndefined();
});

test("a stream reads its past by a question that may be repeated", async () => {
  const asked: unknown[] = [];
  const host = hostOf({
    me: () => "me",
    ask: async (...question) => {
      asked.push(question);
      return { entries: [[7, "hi", { sender: "me", idem: 1 }]], complete: false, more: true };
    },
  });
  expect(await streamKind(host).read?.("chat/general", { before: 9 })).toMatchObject({
    messages: [{ offset: 7, data: "hi", mine: true, idem: 1 }],
    complete: false,
    more: true,
  });
  expect(asked).toEqual([['"history":"chat/general","before":9', true]]);
});
