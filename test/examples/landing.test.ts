import { expect, test } from "vitest";
import { EXAMPLES } from "../../examples/landing/page/examples.js";
import { SAMPLE_FRAMES } from "../../examples/landing/page/frames.js";
import { socketUrl } from "../../examples/landing/page/socket-url.js";
import { decodeCommand, readTextLines } from "tidemark/protocol";

test("the frames to type by hand are commands, in an order that works", () => {
  const commands = SAMPLE_FRAMES.flatMap(({ frame }) => readTextLines(frame).map(decodeCommand));
  expect(commands).toMatchObject([
    { do: "connect", id: 1 },
    { do: "subscribe", id: 2, channel: "chat/general", options: { last: 5 } },
    { do: "publish", id: 3, channel: "chat/general", data: { text: "hi" } },
  ]);
});

test("every example has a page of its own below the start page", () => {
  for (const { href } of EXAMPLES) expect(href).toMatch(/^\.\/[a-z]+\/$/);
  expect(new Set(EXAMPLES.map(({ href }) => href)).size).toBe(EXAMPLES.length);
});

test.each([
  ["echo", "http://localhost:8080/", "ws://localhost:8080/echo"],
  ["connect", "https://a.example/#top", "wss://a.example/connect"],
  ["connect", "https://a.example/tidemark/", "wss://a.example/tidemark/connect"],
])("the WebSocket %s of the page %s is %s", (path, page, expected) => {
  expect(socketUrl(path, page)).toBe(expected);
});
