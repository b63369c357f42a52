import { describe, expect, test } from "vitest";
import { CommandError, decodeCommand, type Command } from "../../src/protocol/index.js";

function decode(text: string): Command {
  return decodeCommand({ value: JSON.parse(text) as unknown, bytes: undefined });
}

describe("how fast a channel of keys comes", () => {
  test("is said with a window and acknowledgements, and by tuning", () => {
    expect(decode('{"subscribe":"c","window":1024}')).toMatchObject({ options: { window: 1024 } });
    expect(decode('{"ack":7,"n":4}')).toEqual({ do: "ack", id: undefined, ch: 7, n: 4 });
    expect(decode('{"id":3,"tune":"c","rate":0.5}')).toEqual({ do: "tune", id: 3, channel: "c", rate: 0.5 });
    expect(decode('{"id":3,"tune":"c","rate":null}')).toEqual({
      do: "tune",
      id: 3,
      channel: "c",
      rate: undefined,
    });
  });

  test.each([
    ['{"subscribe":"c","window":1023}', "window must be a whole number from 1024 to 16777216"],
    ['{"subscribe":"c","window":16777217}', "window"],
    ['{"subscribe":"c","window":"2048"}', "window"],
    ['{"ack":7}', "ack takes the number of a channel"],
    ['{"ack":"c","n":1}', "ack must be"],
    ['{"ack":null,"n":1}', "ack must be"],
    ['{"ack":7,"n":-1}', "n must be"],
    ['{"tune":7,"rate":1}', "tune takes a channel's name"],
    ['{"tune":"c"}', "tune takes a rate"],
    ['{"tune":"c","rate":-1}', "tune takes a rate"],
    ['{"tune":"c","rate":"5"}', "tune takes a rate"],
    ['{"tune":"c","ack":7,"n":1,"rate":1}', "one command at a time"],
  ])("is refused as %s", (text, message) => {
    expect(() => decode(text)).toThrow(CommandError);
    expect(() => decode(text)).toThrow(message);
  });
});
