/** Vite's dev server with `server.https`, which speaks HTTP/2, in front of a browser whose WebSockets do not get through. */
import { expect, it, onTestFinished } from "vitest";
import { startVite } from "../frameworks/vite.js";
import { noCertificates, selfSigned } from "../transports/support/certificate.js";
import { launchBrowser, noBrowser } from "./support.js";

it.skipIf(noBrowser || noCertificates)(
  "H16, N24: over HTTP/2, with WebSockets refused, a page comes online and hears what is said",
  async () => {
    const { port } = await startVite({ https: selfSigned() });

    const browser = await launchBrowser();
    onTestFinished(() => browser.close());
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.routeWebSocket(/\/connect/, (socket) => void socket.close());
    const answered = page.waitForResponse(/\/connect\/(stream|poll)/);
    await page.goto(`https://127.0.0.1:${port}/`);
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
