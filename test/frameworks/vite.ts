/** The example with Vite, on its dev server. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type ServerOptions, type ViteDevServer } from "vite";
import { onTestFinished } from "vitest";

const ROOT = join(import.meta.dirname, "../../examples/with-vite");

/** Starts it on a free port, until the test is over. */
export async function startVite(
  options: Pick<ServerOptions, "https"> = {},
): Promise<{ readonly vite: ViteDevServer; readonly port: number }> {
  const cacheDir = mkdtempSync(join(tmpdir(), "tidemark-vite-"));
  onTestFinished(() => rmSync(cacheDir, { recursive: true }));
  const vite = await createServer({
    root: ROOT,
    cacheDir,
    logLevel: "error",
    server: { port: 0, host: "127.0.0.1", watch: null, ...options },
  });
  onTestFinished(() => vite.close());
  await vite.listen();
  const address = vite.httpServer?.address();
  if (typeof address !== "object" || address === null) throw new Error("not listening");
  return { vite, port: address.port };
}
