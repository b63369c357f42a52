import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LIMIT = 10 * 1024;
const entry = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));

/** The browser client as an application's bundler would make it. */
async function bundle(): Promise<{ readonly code: string; readonly imports: readonly string[] }> {
  const build = await rolldown({
    input: entry,
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true });
    expect(output).toHaveLength(1);
    return { code: output[0].code, imports: [...output[0].imports, ...output[0].dynamicImports] };
  } finally {
    await build.close();
  }
}

test("the browser client is at most 10 KB gzipped, with nothing but itself", async () => {
  const { code, imports } = await bundle();
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`client bundle: ${code.length} bytes minified, ${size} gzipped (limit ${LIMIT})`);
  expect(imports).toEqual([]);
  expect(code).not.toMatch(/\bnode:|\brequire\(|\bprocess\./);
  expect(size).toBeLessThanOrEqual(LIMIT);
});
