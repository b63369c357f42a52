// npm run check: lint, format and types of everything. Runs all of them, then reports each.
import { ensureInstalled } from "./lib/install.mjs";
import { capture, main, tool } from "./lib/run.mjs";

const CHECKS = [
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"], hint: "npm run format repairs it" },
  { name: "types", command: ["tsc", "-p", "tsconfig.check.json"] },
];

await main("npm run check", async () => {
  await ensureInstalled();
  const failed = [];
  const results = await Promise.all(CHECKS.map(async (check) => ({ check, ...(await perform(check)) })));
  for (const { check, code, output } of results) {
    if (code === 0) {
      console.log(`ok      ${check.name}`);
      continue;
    }
    failed.push(check.name);
    const hint = check.hint === undefined ? "" : `; ${check.hint}`;
    console.log(`\nFAILED  ${check.name}  (repeat: npx ${check.command.join(" ")}${hint})`);
    console.log(output.trimEnd());
    console.log();
  }
  if (failed.length > 0) console.log(`Checks failed: ${failed.join(", ")}`);
  return failed.length === 0 ? 0 : 1;
});

function perform({ command: [name, ...args] }) {
  return capture(tool(name), args);
}
