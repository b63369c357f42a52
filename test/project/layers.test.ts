import { describe, expect, test } from "vitest";
import { filesBelow, readText } from "./files.js";
import { findCycle, importFault, targetFile } from "./layers.js";
import { parseSource, readSource } from "./source.js";

const paths = filesBelow("src").filter((path) => path.endsWith(".ts"));
const sources = new Map(paths.map((path) => [path, readSource(path)]));

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}
const manifest = JSON.parse(readText("package.json")) as Manifest;
const packages = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));

describe("the sources", () => {
  test("import only what their layer may import", () => {
    const faults = [...sources].flatMap(([path, { imports }]) =>
      imports.flatMap((specifier) => importFault(path, specifier, packages) ?? []),
    );
    expect(faults).toEqual([]);
  });

  test("import only files that exist", () => {
    const dangling = [...sources].flatMap(([path, { imports }]) =>
      imports
        .filter((specifier) => {
          const target = targetFile(path, specifier);
          return target !== undefined && !sources.has(target);
        })
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(dangling).toEqual([]);
  });

  test("have no import cycle, types included", () => {
    const graph = new Map(
      [...sources].map(([path, { imports }]) => [
        path,
        imports.flatMap((specifier) => targetFile(path, specifier) ?? []),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });

  test("export every name one by one, never with a star", () => {
    expect(paths.filter((path) => sources.get(path)?.exportsAll)).toEqual([]);
  });

  test("ask their clock for the time, never Date", () => {
    const mayRead = /^src\/(cli|server\/transports)\/|\/real-[^/]+$/;
    expect(paths.filter((path) => sources.get(path)?.readsDate && !mayRead.test(path))).toEqual([]);
  });
});

describe("these rules", () => {
  test("see every way of importing", () => {
    const text = `
      import "a"; import b from "b"; import type { C } from "c"; export { d } from "d";
      export * from "e"; const f = import("f"); type G = import("g").G; import h = require("h");
      // import "comment";
      const text = 'import "text"';
    `;
    expect(parseSource("x.ts", text).imports).toEqual(["a", "b", "c", "d", "e", "f", "g", "h"]);
  });

  test("tell a date of now from any other date", () => {
    const readsDate = (text: string): boolean => parseSource("x.ts", text).readsDate;
    expect(readsDate("const now = new Date();")).toBe(true);
    expect(readsDate("const now = Date();")).toBe(true);
    expect(readsDate("const then = new Date(0), since = Date.UTC(2020, 0);")).toBe(false);
  });

  test.each([
    ["src/server/app.ts", "../client/index.js"],
    ["src/client/connection.ts", "../server/app.js"],
    ["src/client/connection.ts", "node:events"],
    ["src/client/connection.ts", "ws"],
    ["src/client/connection.ts", "../react/index.js"],
    ["src/react/hooks.ts", "../server/app.js"],
    ["src/react/hooks.ts", "ws"],
    ["src/broker/contract.ts", "../server/app.js"],
    ["src/broker/memory/log.ts", "ioredis"],
    ["src/broker/log/log.ts", "../memory/log.js"],
    ["src/broker/redis/broker.ts", "lmdb"],
    ["src/protocol/frames.ts", "node:buffer"],
    ["src/room/shape.ts", "../server/app.js"],
    ["src/room/shape.ts", "ws"],
    ["src/broker/contract.ts", "../room/shape.js"],
    ["src/server/app.ts", "../testing/clock.js"],
    ["src/server/app.ts", "undeclared-package"],
    ["src/server/delivery/outgoing.ts", "../connection/link.js"],
    ["src/server/delivery/encode.ts", "../feed/judge.js"],
    ["src/server/delivery/encode.ts", "../kinds/kind.js"],
    ["src/server/feed/feed.ts", "../connection/node.js"],
    ["src/server/feed/feed.ts", "../kinds/stream/tail.js"],
    ["src/server/connection/publish/keys.ts", "../../kinds/transient/transient.js"],
    ["src/server/kinds/kind.ts", "./stream/stream.js"],
    ["src/server/kinds/stream/stream.ts", "../transient/slots.js"],
    ["src/server/kinds/stream/stream.ts", "../../channels/define.js"],
    ["src/server/channels/registry.ts", "../kinds/stream/stream.js"],
    ["src/unheard-of/file.ts", "./other.js"],
  ])("refuse that %s imports %s", (importer, specifier) => {
    expect(importFault(importer, specifier, new Set(["ws"]))).toBeDefined();
  });

  test.each([
    ["src/cli/main.ts", "../server/index.js"],
    ["src/server/app.ts", "../broker/contract.js"],
    ["src/server/app.ts", "ws"],
    ["src/server/app.ts", "node:http"],
    ["src/server/connection/link.ts", "../delivery/outgoing.js"],
    ["src/server/feed/feed.ts", "../delivery/audience.js"],
    ["src/server/feed/feed.ts", "../kinds/kind.js"],
    ["src/server/kinds/stream/stream.ts", "../kind.js"],
    ["src/server/kinds/stream/stream.ts", "./tail.js"],
    ["src/server/kinds/stream/read-on.ts", "../../feed/judge.js"],
    ["src/server/channels/define.ts", "../kinds/stream/stream.js"],
    ["src/server/engine.ts", "./kinds/transient/transient.js"],
    ["src/client/index.node.ts", "ws"],
    ["src/client/room/predict.ts", "../../room/columns.js"],
    ["src/room/shape.ts", "@standard-schema/spec"],
    ["src/react/hooks.ts", "react"],
    ["src/react/hooks.ts", "../client/index.js"],
    ["src/broker/redis/broker.ts", "ioredis"],
    ["src/broker/redis/broker.ts", "../contract.js"],
    ["src/testing/cluster.ts", "../client/index.js"],
  ])("allow that %s imports %s", (importer, specifier) => {
    expect(importFault(importer, specifier, new Set(["ws"]))).toBeUndefined();
  });

  test("find a cycle through several files", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["b"]],
    ]);
    expect(findCycle(graph)).toEqual(["b", "c", "b"]);
  });
});
