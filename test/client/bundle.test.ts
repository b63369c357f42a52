import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LIMIT = 12_288;
/** On top of it. */
const STATE_LIMIT = 5120;
/** On top of it and of the room's shape, with the step and `math` that both sides share; 6,144 are wanted. */
const ROOM_LIMIT = 6700;
const sourceOf = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const entry = sourceOf("client/index.ts");
const CLIENT = `export { connect, openTransport, TidemarkError, DEFAULTS } from ${JSON.stringify(entry)};`;
const STATE = `export { state, isConflict } from ${JSON.stringify(sourceOf("client/state/index.ts"))};`;
/** What a shape is made of, which a page has with the shape. */
const SHAPE = `export { room, table, fixed, angle, u8, u16, text, stepOf, math } from ${JSON.stringify(sourceOf("room/index.ts"))};`;
const PLAY = `export { play } from ${JSON.stringify(sourceOf("client/room/index.ts"))};`;
const PAGE = "\0page";

interface Chunk {
  readonly code: string;
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
}

/** The browser client as an application's bundler would make it. The first chunk is what every page loads. */
async function bundle(page?: string): Promise<readonly Chunk[]> {
  const build = await rolldown({
    input: page === undefined ? entry : PAGE,
    plugins: [
      {
        name: "page",
        resolveId: (id: string) => (id === PAGE ? id : undefined),
        load: (id: string) => (id === PAGE ? page : undefined),
      },
    ],
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true });
    return output.map((chunk) => chunk as Chunk);
  } finally {
    await build.close();
  }
}

const sizeOf = ({ code }: Chunk): number => gzipSync(code, { level: 9 }).length;

/** What a page loads first, in bytes. */
async function firstOf(page: string): Promise<number> {
  const [first] = await bundle(page);
  return first === undefined ? 0 : sizeOf(first);
}

test("the browser client is at most 12 KiB gzipped, with nothing but itself", async () => {
  const chunks = await bundle();
  const sizes = chunks.map(sizeOf);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(
    `client bundle: ${sizes[0]} bytes gzipped (limit ${LIMIT}); ${total} with what is loaded when it is needed`,
  );
  expect(chunks[0]?.imports).toEqual([]);
  for (const { code } of chunks) expect(code).not.toMatch(/\bnode:|\brequire\(|\bprocess\./);
  expect(sizes[0]).toBeLessThanOrEqual(LIMIT);
});

test("what few pages need is loaded when they do, and brings nothing else along", async () => {
  const [main, ...others] = await bundle();
  expect(main?.dynamicImports).toHaveLength(4);
  expect(others.map(({ imports }) => imports)).toEqual([[], [], [], []]);
});

test("tidemark/state is at most 5 KiB gzipped on top of the client", async () => {
  const more = (await firstOf(CLIENT + STATE)) - (await firstOf(CLIENT));
  console.log(`tidemark/state: ${more} bytes gzipped on top (limit ${STATE_LIMIT})`);
  expect(more).toBeGreaterThan(500);
  expect(more).toBeLessThanOrEqual(STATE_LIMIT);
});

test("tidemark/room/client is at most 6.6 KB gzipped on top of the client and the room's shape", async () => {
  const [without, all] = [await firstOf(CLIENT + SHAPE), await firstOf(CLIENT + SHAPE + PLAY)];
  const more = all - without;
  console.log(`tidemark/room/client: ${more} bytes gzipped on top (limit ${ROOM_LIMIT})`);
  expect(more).toBeGreaterThan(3000);
  expect(more).toBeLessThanOrEqual(ROOM_LIMIT);
});
