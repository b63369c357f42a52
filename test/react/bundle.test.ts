import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LIMIT = 3 * 1024;
const entry = fileURLToPath(new URL("../../src/react/index.ts", import.meta.url));

test("the hooks are at most 3 KB gzipped, with nothing but React beside them", async () => {
  const build = await rolldown({
    input: entry,
    platform: "browser",
    external: ["react"],
    onLog: () => {},
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  expect(output).toHaveLength(1);
  const size = gzipSync(output[0].code, { level: 9 }).length;
  console.log(`hooks: ${output[0].code.length} bytes minified, ${size} gzipped (limit ${LIMIT})`);
  expect(output[0].imports).toEqual(["react"]);
  expect(size).toBeLessThanOrEqual(LIMIT);
});
