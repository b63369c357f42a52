import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const LIMIT = 12_288;
/** On top of it. */
const STATE_LIMIT = 5120;
const sourceOf = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
const entry = sourceOf("client/index.ts");
/** A page that uses both. */
const BOTH = "\0both";

interface Chunk {
  readonly code: string;
  readonly imports: readonly string[];
  readonly dynamicImports: readonly string[];
}

/** The browser client as an application's bundler would make it. The first chunk is what every page loads. */
async function bundle(input = entry): Promise<readonly Chunk[]> {
  const build = await rolldown({
    input,
    plugins: [
      {
        name: "both",
        resolveId: (id: string) => (id === BOTH ? id : undefined),
        load: (id: string) =>
          id === BOTH
            ? `export { connect, openTransport, TidemarkError, DEFAULTS } from ${JSON.stringify(entry)};
               export { state, isConflict } from ${JSON.stringify(sourceOf("client/state/index.ts"))};`
            : undefined,
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
  const [[client = 0], [both = 0]] = [(await bundle()).map(sizeOf), (await bundle(BOTH)).map(sizeOf)];
  const more = both - client;
  console.log(`tidemark/state: ${more} bytes gzipped on top (limit ${STATE_LIMIT})`);
  expect(more).toBeGreaterThan(500);
  expect(more).toBeLessThanOrEqual(STATE_LIMIT);
});
