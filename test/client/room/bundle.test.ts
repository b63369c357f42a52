import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

/** Of what the client of rooms may have; the rest is for what both sides know, and for its connection. */
const LIMIT = 3200;

test("what a player sees of a room is at most 3.2 KB gzipped, without the columns that both sides know", async () => {
  const build = await rolldown({
    input: fileURLToPath(new URL("../../../src/client/room/scene.ts", import.meta.url)),
    platform: "browser",
    external: (id) => id.includes("/src/room/") || id.startsWith("../../room/"),
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true });
    const size = gzipSync(output[0].code, { level: 9 }).length;
    console.log(`what a player sees of a room: ${size} bytes gzipped (limit ${LIMIT})`);
    expect(output[0].imports).toHaveLength(2);
    expect(size).toBeLessThanOrEqual(LIMIT);
  } finally {
    await build.close();
  }
});
