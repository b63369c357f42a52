import { expect, test } from "vitest";
import { findRoom } from "../../../src/client/room/find-room.js";
import { decodeCommand } from "../../../src/protocol/index.js";

const SECRET = "a-secret-of-somebody";

test.each([
  [{}, { match: {}, how: "fill" }],
  [{ match: { mode: "ffa" } }, { match: { mode: "ffa" }, how: "fill" }],
  [
    { match: { mode: undefined }, private: true },
    { match: {}, how: "private" },
  ],
  [{ code: "K7QXMA" }, { match: {}, how: { code: "K7QXMA" } }],
])(
  "R45: %j is asked as servers read it, and again where the connection is lost",
  async (finding, expected) => {
    const asked: unknown[] = [];
    const host = {
      ask: async (body: string, repeatable: boolean): Promise<unknown> => {
        const value: unknown = JSON.parse(`{"id":1,${body}}`);
        asked.push([decodeCommand({ value, bytes: undefined }), repeatable]);
        return { channel: "arena/~abc" };
      },
    };
    expect(await findRoom(host, "arena", { ...finding, secret: SECRET })).toEqual({ channel: "arena/~abc" });
    expect(asked).toEqual([[{ do: "find", id: 1, name: "arena", secret: SECRET, ...expected }, true]]);
  },
);
