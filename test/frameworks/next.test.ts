/** `npm run test:next`: Next is large, and installed for this test only. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkChannels, firstMessage, startExample } from "./support.js";

const ROOT = join(import.meta.dirname, "../..");
const SOURCE = join(ROOT, "examples/with-next");
const BUILT = join(ROOT, "build/examples/with-next");
const installed = existsSync(join(ROOT, "node_modules/next"));

/** The example beside its compiled server, and one more page: one that matches every path, ours too. */
function buildExample(): void {
  rmSync(BUILT, { recursive: true, force: true });
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(import.meta.dirname, "next")], {
    stdio: "inherit",
  });
  cpSync(join(SOURCE, "app"), join(BUILT, "app"), { recursive: true });
  mkdirSync(join(BUILT, "app/[...all]"));
  writeFileSync(
    join(BUILT, "app/[...all]/page.jsx"),
    "export default function Page() { return <p>any path</p>; }\n",
  );
}

test.skipIf(!installed && process.env["TIDEMARK_NEXT"] === undefined)(
  "with-next: pages and hot reload go on working beside the channels",
  async () => {
    buildExample();
    const url = await startExample("with-next", { NODE_ENV: "development", NEXT_TELEMETRY_DISABLED: "1" });
    const hotReload = `${url}/_next/hmr`;
    // Before its first page Next does not listen: a browser that was open when the server started tries again.
    expect(await firstMessage(hotReload)).toBe(1006);
    expect(await (await fetch(url)).text()).toContain("hello from Next");
    expect(await (await fetch(`${url}/some/path`)).text()).toContain("any path");
    await checkChannels(url);
    expect(await firstMessage(hotReload)).toMatch(/^\{/);
    await checkChannels(url);
  },
  120_000,
);
