/** The page of these tests, built and served together with its app. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { serveStatic } from "../../examples/static.js";
import { app } from "./app.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export interface ServedPage {
  readonly port: number;
  stop(): Promise<void>;
}

/** With React's development build: only that one mounts everything twice under StrictMode. */
async function buildPage(folder: string): Promise<void> {
  await build({
    configFile: false,
    root: here("page"),
    base: "./",
    mode: "development",
    logLevel: "error",
    define: { "process.env.NODE_ENV": '"development"' },
    resolve: {
      alias: [
        { find: "tidemark/client", replacement: here("../../src/client/index.ts") },
        { find: /^tidemark\/react$/, replacement: here("../../src/react/index.ts") },
        { find: "tidemark/react/state", replacement: here("../../src/react/state/index.ts") },
      ],
    },
    build: {
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      target: "es2023",
      chunkSizeWarningLimit: 5000,
    },
  });
}

export async function servePage(): Promise<ServedPage> {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-react-"));
  await buildPage(folder);
  const files = serveStatic({ "/": folder });
  const server = createServer((request, response) => void files(request, response));
  app.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      await app.close();
      server.close();
      server.closeAllConnections();
      rmSync(folder, { recursive: true });
    },
  };
}
