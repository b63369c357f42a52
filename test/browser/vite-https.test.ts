/** Vite's dev server with `server.https`, which speaks HTTP/2, in front of a browser whose WebSockets do not get through. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createServer } from "vite";
import { noCertificates, selfSigned } from "../transports/support/certificate.js";
import { launchBrowser, noBrowser } from "./support.js";

it.skipIf(noBrowser || noCertificates)(
  "H16, N24: over HTTP/2, with WebSockets refused, a page comes online and hears what is said",
  async () => {
    const root = join(import.meta.dirname, "../../examples/with-vite");
    const cacheDir = mkdtempSync(join(tmpdir(), "tidemark-vite-"));
    onTestFinished(() => rmSync(cacheDir, { recursive: true }));
    const vite = await createServer({
      root,
      cacheDir,
      logLevel: "error",
      server: { port: 0, host: "127.0.0.1", watch: null, https: selfSigned() },
    });
    onTestFinished(() => vite.close());
    await vite.listen();
    const address = vite.httpServer?.address();
    if (typeof address !== "object" || address === null) throw new Error("not listening");

    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.routeWebSocket(/\/connect/, (socket) => void socket.close());
    const answered = page.waitForResponse(/\/connect\/(stream|poll)/);
    await page.goto(`https://127.0.0.1:${address.port}/`);
    const answer = await answered;
    expect(answer.status()).toBe(200);
    const protocol = await page.evaluate(() => {
      const [found] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
      return found?.nextHopProtocol;
    });
    expect(protocol).toBe("h2");
    await page.getByLabel("Message").fill("over HTTP/2");
    await page.getByLabel("Message").press("Enter");
    await page.getByRole("listitem").filter({ hasText: "over HTTP/2" }).waitFor();
  },
  60_000,
);
