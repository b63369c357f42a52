/** The chat where WebSockets do not get through. */
import type { Browser, Page } from "playwright-core";
import { expect, it, onTestFinished } from "vitest";
import { PLAIN, nginx, noNginx } from "../transports/support/nginx.js";
import { Network } from "../transports/support/servers.js";
import { launchBrowser, noBrowser, startExamples } from "./support.js";

async function enter(browser: Browser, name: string, port: number): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${port}/chat/#proxied`);
  await page.getByTestId("name").fill(name);
  await page.getByTestId("join").click();
  await page.getByTestId("members").getByText(name).first().waitFor();
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

it.skipIf(noBrowser || noNginx)(
  "N24, N65: behind nginx with upgrades refused, people talk and see how they are connected",
  async () => {
    const server = await startExamples();
    onTestFinished(() => server.stop());
    const proxy = await nginx(PLAIN)([server.port]);
    onTestFinished(async () => void (await proxy.close()));
    const network = await Network.to([proxy.target]);
    onTestFinished(() => network.close());
    const browser = await launchBrowser();
    onTestFinished(() => browser.close());

    const ann = await enter(browser, "Ann", server.port);
    const bob = await enter(browser, "Bob", network.port);
    const status = (page: Page) => page.getByTestId("status").textContent();
    await expect.poll(() => status(ann), { timeout: 20_000 }).toContain("WebSocket");
    await expect.poll(() => status(bob), { timeout: 20_000 }).toContain("HTTP stream");
    await ann.getByTestId("members").getByText("Bob").first().waitFor();
    await say(ann, "hello");
    await say(bob, "hi from behind a proxy");
    for (const page of [ann, bob]) {
      await page.getByTestId("message").filter({ hasText: "hello" }).waitFor();
      await page.getByTestId("message").filter({ hasText: "hi from behind a proxy" }).waitFor();
    }
  },
  60_000,
);
