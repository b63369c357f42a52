/** What the client needs of a platform to be imported. */
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

test("N31: the client is imported where there is nothing but the language", async () => {
  const build = await rolldown({
    input: fileURLToPath(new URL("../../src/client/index.ts", import.meta.url)),
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  const { output } = await build.generate({ format: "iife", name: "client", codeSplitting: false });
  await build.close();
  // A world of its own: no TextDecoder, URL, WebSocket, timers or console.
  const world = createContext({});
  expect(runInContext("[typeof TextDecoder, typeof URL, typeof setTimeout].join()", world)).toBe(
    "undefined,undefined,undefined",
  );
  expect(runInContext(`${output[0].code}; typeof client.connect`, world)).toBe("function");
});
