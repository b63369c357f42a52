import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LIMIT = 3 * 1024;
/** On top of the hooks and of `tidemark/state`. */
const STATE_LIMIT = 2 * 1024;
const sourceOf = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

const REACT = `export * from ${JSON.stringify(sourceOf("react/index.ts"))};`;
const STATE = `export * from ${JSON.stringify(sourceOf("client/state/index.ts"))};`;
const ROOM = `export { play } from ${JSON.stringify(sourceOf("client/room/index.ts"))};`;
const ROOM_HOOKS = `export * from ${JSON.stringify(sourceOf("react/room/index.ts"))};`;
const HOOKS = `export * from ${JSON.stringify(sourceOf("react/state/index.ts"))};`;

/** A page that uses all of this, as an application's bundler would make it. */
async function bundle(code: string) {
  const build = await rolldown({
    input: "page",
    platform: "browser",
    external: ["react"],
    onLog: () => {},
    plugins: [
      {
        name: "page",
        resolveId: (id: string) => (id === "page" ? id : undefined),
        load: (id: string) => (id === "page" ? code : undefined),
      },
    ],
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual(code.includes("/react/") ? ["react"] : []);
  return { length: output[0].code.length, size: gzipSync(output[0].code, { level: 9 }).length };
}

test("the hooks are at most 3 KB gzipped, with nothing but React beside them", async () => {
  const { length, size } = await bundle(REACT);
  console.log(`hooks: ${length} bytes minified, ${size} gzipped (limit ${LIMIT})`);
  expect(size).toBeLessThanOrEqual(LIMIT);
});

test("the hooks on channels of keys are at most 2 KB gzipped on top of the others and of tidemark/state", async () => {
  const [without, all] = [await bundle(REACT + STATE), await bundle(REACT + STATE + HOOKS)];
  const more = all.size - without.size;
  console.log(
    `hooks on channels of keys: ${all.length - without.length} bytes minified, ${more} gzipped on top (limit ${STATE_LIMIT})`,
  );
  expect(more).toBeGreaterThan(300);
  expect(more).toBeLessThanOrEqual(STATE_LIMIT);
});

test("a page that has only the hooks on channels of keys loads none of the other hooks", async () => {
  const [own, state, react] = [await bundle(HOOKS), await bundle(STATE), await bundle(REACT)];
  expect(own.size).toBeLessThanOrEqual(state.size + STATE_LIMIT);
  expect(own.size).toBeLessThan(state.size + react.size);
});

test("the hooks on rooms are at most 2 KB gzipped on top of the others and of tidemark/room/client", async () => {
  const [without, all] = [await bundle(REACT + ROOM), await bundle(REACT + ROOM + ROOM_HOOKS)];
  const more = all.size - without.size;
  console.log(`hooks on rooms: ${more} bytes gzipped on top (limit ${STATE_LIMIT})`);
  expect(more).toBeGreaterThan(300);
  expect(more).toBeLessThanOrEqual(STATE_LIMIT);
});
