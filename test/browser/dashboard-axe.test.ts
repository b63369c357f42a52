/** Whether the dashboard can be used by those who do not see it, or whose fingers are not those of a child. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serious, small } from "./axe.js";
import { eventually, PHONE } from "./chat-page.js";
import { DESKTOP, look, press, text, type TabName } from "./dashboard-page.js";
import { launchBrowser, noBrowser, startExamples, type ExampleServer } from "./support.js";

const TABS: readonly TabName[] = ["market", "fleet", "server"];

describe.skipIf(noBrowser)("the dashboard for everybody", { timeout: 180_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startExamples();
    browser = await launchBrowser();
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  // What fades all the time cannot be judged at its end.
  const still = { reducedMotion: "reduce" } as const;

  it.each(["light", "dark"] as const)("has nothing serious against it at a desk, %s", async (colorScheme) => {
    const page = await look(browser, server.port, "market", { ...DESKTOP, ...still, colorScheme });
    await openAll(page);
    for (const tab of TABS) {
      await page.getByTestId(`tab-${tab}`).click();
      expect(await serious(page)).toEqual([]);
    }
    await page.getByTestId("tab-market").click();
    await openTarget(page);
    expect(await serious(page)).toEqual([]);
    await page.context().close();
  });

  it.each(["light", "dark"] as const)(
    "has nothing serious against it on a phone, %s, and all of it can be touched",
    async (colorScheme) => {
      const page = await look(browser, server.port, "market", { ...PHONE, ...still, colorScheme });
      const check = async (): Promise<void> => {
        expect(await serious(page)).toEqual([]);
        expect(await small(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
      };
      // In the dark the others have the colours that they have at a desk.
      for (const tab of colorScheme === "light" ? TABS : (["market"] as const)) {
        await page.getByTestId(`tab-${tab}`).click();
        await check();
      }
      await page.getByTestId("tab-market").click();
      await openTarget(page);
      expect(await small(page)).toEqual([]);
      await page.keyboard.press("Escape");
      await press(page, "slow");
      await eventually(() => text(page, "twin")).toMatch(/old/);
      await check();
      // The sheet would cover it.
      await press(page, "show-wire");
      await page.getByTestId("numbers").waitFor({ state: "hidden" });
      await page.getByTestId("wire").waitFor();
      await check();
      await page.keyboard.press("Enter");
      await page.getByTestId("wire").waitFor({ state: "hidden" });
      await page.context().close();
    },
  );

  /** Everything that can be opened beside what is looked at. */
  async function openAll(page: Page): Promise<void> {
    await press(page, "slow");
    await eventually(() => text(page, "twin")).toMatch(/old/);
    await press(page, "show-wire");
    await page.getByTestId("wire").waitFor();
  }

  async function openTarget(page: Page): Promise<void> {
    await page.locator("button.target").first().click();
    await page.getByTestId("target-dialog").waitFor();
  }
});
