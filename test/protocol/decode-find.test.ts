import { describe, expect, test } from "vitest";
import { decodeCommand } from "../../src/protocol/index.js";

const decode = (line: string): unknown => decodeCommand({ value: JSON.parse(line), bytes: undefined });

describe("find", () => {
  test("says what is looked for", () => {
    expect(decode('{"id":1,"find":"arena"}')).toEqual({
      do: "find",
      id: 1,
      name: "arena",
      match: {},
      how: "fill",
    });
    expect(decode('{"id":1,"find":"arena/eu","match":{"mode":"ffa"},"secret":"1234567890abcdef"}')).toEqual({
      do: "find",
      id: 1,
      name: "arena/eu",
      match: { mode: "ffa" },
      secret: "1234567890abcdef",
      how: "fill",
    });
    expect(decode('{"find":"arena","private":true}')).toMatchObject({ how: "private" });
    expect(decode('{"find":"arena","private":false}')).toMatchObject({ how: "fill" });
    expect(decode('{"find":"arena","code":"K7QXMA"}')).toMatchObject({ how: { code: "K7QXMA" } });
  });

  test.each([
    ['{"find":7}', "find takes a channel's name, not a number"],
    ['{"find":""}', "1 to 255 bytes"],
    ['{"find":"arena","private":1}', "private must be true or false"],
    ['{"find":"arena","private":true,"code":"K7QXMA"}', "private and code exclude each other"],
    ['{"find":"arena","code":""}', "code must be a text of 1 to 32 characters"],
    ['{"find":"arena","code":7}', "code must be a text of 1 to 32 characters"],
    ['{"find":"arena","match":["ffa"]}', "match takes an object"],
    ['{"find":"arena","match":{"mode":7}}', "match takes an object"],
    ['{"find":"arena","secret":"short"}', "secret must be a text"],
    ['{"find":"arena","subscribe":"arena/1"}', "one command at a time"],
  ])("%s is refused: %s", (line, message) => {
    expect(() => decode(line)).toThrow(message);
  });
});
