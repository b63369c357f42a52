import { expect, test } from "vitest";
import { readOptions, UsageError } from "../../examples/serve-options.js";

test.each([
  [[], {}, { port: 8080, host: undefined }],
  [["--port", "8081"], {}, { port: 8081, host: undefined }],
  [["-p", "0"], {}, { port: 0, host: undefined }],
  [["--port=8081", "--host=::1"], {}, { port: 8081, host: "::1" }],
  [[], { PORT: "9000", HOST: "127.0.0.1" }, { port: 9000, host: "127.0.0.1" }],
  [["--port", "8081"], { PORT: "9000" }, { port: 8081, host: undefined }],
  [[], { PORT: "", HOST: "" }, { port: 8080, host: undefined }],
])("%j with %j in the environment means %j", (args, environment, expected) => {
  expect(readOptions(args, environment)).toEqual(expected);
});

test("help can be asked for", () => {
  expect(readOptions(["--help"], {})).toBe("help");
});

test.each([["--port", "eighty"], ["--port", "70000"], ["--port", "-1"], ["--prot", "8080"], ["8080"]])(
  "%s %s is a mistake that is explained",
  (...args) => {
    expect(() => readOptions(args, {})).toThrow(UsageError);
  },
);
