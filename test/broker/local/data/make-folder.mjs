// Makes a folder of logs with the sources of an earlier commit, as test data: node make-folder.mjs COMMIT FILE.tar.gz. That of
// format 1 was made from f400bb6, the last one before logs by slots.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [commit, file] = process.argv.slice(2);
const root = resolve(import.meta.dirname, "../../../..");
const work = mkdtempSync(join(tmpdir(), "tidemark-folder-"));
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });

run("git", "archive", "--output", join(work, "sources.tar"), commit);
run("tar", "-C", work, "-xf", join(work, "sources.tar"));
symlinkSync(join(root, "node_modules"), join(work, "node_modules"));
run(join(root, "node_modules/.bin/tsc"), "-p", join(work, "tsconfig.json"));
const { createLocalHub } = await import(pathToFileURL(join(work, "dist/broker/local/index.js")).href);

const dir = join(work, "folder");
const hub = createLocalHub({ dir, idle: 1e12 });
const node = hub.broker();
const LONG = 1e12;
const draft = (id, data = `"${id}"`, more = {}) => ({ data, key: { scope: "ann", id, print: 1 }, ...more });
await node.append(
  "chat/kept",
  [
    ...Array.from({ length: 30 }, (_, i) => draft(i + 1)),
    draft("text", '"text"', { meta: '{"from":"ann"}' }),
    draft(40, Uint8Array.of(0, 1, 255)),
  ],
  { retain: { count: 20 }, dedupe: LONG },
);
await node.append("chat/aged", [draft(1)], { retain: { age: LONG }, dedupe: LONG });
await node.append("transient", [draft(1), draft(2)], { dedupe: LONG });
await node.append("chat/fenced", [draft(1)], { retain: { count: 20 }, dedupe: LONG });
await node.seal("chat/fenced", "token");
await hub.close();

// Sparse and mostly empty: it is small when it is packed.
run("tar", "-C", work, "-czf", resolve(file), "folder");
rmSync(work, { recursive: true });
