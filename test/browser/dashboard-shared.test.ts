/** What viewers of the dashboard share: what one sets, stops or searches for, and what the others see of it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./chat-page.js";
import { look, symbols, text } from "./dashboard-page.js";
import { launchBrowser, noBrowser, startExamples, type ExampleServer } from "./support.js";
import { TabbedBrowser } from "./tabs.js";

describe.skipIf(noBrowser)("two viewers of the dashboard", { timeout: 90_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;
  let ann: Page;
  let bob: Page;

  beforeAll(async () => {
    server = await startExamples();
    browser = await launchBrowser();
    ann = await look(browser, server.port);
    bob = await look(browser, server.port);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  const row = (page: Page, symbol: string) => page.locator(`[data-symbol="${symbol}"]`);
  const target = (page: Page, symbol: string) => row(page, symbol).locator("button.target");

  async function openTarget(page: Page, symbol: string): Promise<void> {
    await target(page, symbol).click();
    await page.getByTestId("target-dialog").waitFor();
    await eventually(() => page.locator("#target-title").textContent()).toBe(`Target for ${symbol}`);
  }

  async function setTarget(page: Page, value: string): Promise<void> {
    await page.getByTestId("target").fill(value);
    await page.getByTestId("target-save").click();
  }

  it("search by what the server sends: symbols that begin otherwise do not come", async () => {
    await ann.getByTestId("show-wire").click();
    await ann.getByTestId("search").fill("ba");
    await eventually(() => text(ann, "market-count")).toBe("10 symbols begin with BA");
    expect((await symbols(ann)).every((each) => each.startsWith("BA"))).toBe(true);
    // Only these come, and not more of which some are shown.
    await eventually(async () => keysIn(await ann.getByTestId("wire-lines").textContent())).toEqual([]);
    await ann.getByTestId("search").fill("qq");
    await eventually(() => text(ann, "market-count")).toBe("0 symbols begin with QQ");
    await ann.getByTestId("search").fill("");
    await eventually(() => text(ann, "market-count")).toBe("1,000 symbols");
    await ann.getByTestId("show-wire").click();
  });

  /** Symbols on the wire that do not begin with BA, with prices. */
  function keysIn(wire: string | null): string[] {
    const all = [...(wire ?? "").matchAll(/"([A-Z]{3})",\{"price"/g)].map(([, symbol = ""]) => symbol);
    return all.filter((symbol) => !symbol.startsWith("BA"));
  }

  it("sort by what moves, and find every symbol by scrolling", async () => {
    await ann.getByTestId("sort-price").click();
    const head = ann.getByRole("columnheader", { name: "Price" });
    await eventually(() => head.getAttribute("aria-sort")).toBe("descending");
    const prices = async (): Promise<number[]> => {
      const rows = await ann.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>('#grid-rows [role="row"]')]
          .filter((each) => !each.hidden)
          .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
          .map((each) => each.querySelector(".price")?.textContent ?? ""),
      );
      return rows.map((price) => Number(price.replaceAll(",", "")));
    };
    // In between rows stay where they are: so not all of them are in order all the time.
    await eventually(async () => (await prices())[0] ?? 0).toBeGreaterThan((await prices()).at(-1) ?? 0);
    await ann.getByTestId("sort-symbol").click();
    await ann.getByTestId("grid").focus();
    await ann.keyboard.press("End");
    await eventually(async () => (await symbols(ann)).at(-1)).toBe("TUZ");
    await ann.keyboard.press("Home");
    await eventually(async () => (await symbols(ann))[0]).toBe("AAB");
  });

  it("set a target, of which the one who is late is told, and what it is now", async () => {
    const [symbol = ""] = await symbols(ann);
    await openTarget(ann, symbol);
    await openTarget(bob, symbol);
    await setTarget(ann, "101.3");
    await ann.getByTestId("target-dialog").waitFor({ state: "hidden" });
    await eventually(() => target(bob, symbol).textContent()).toBe("101.30");
    await setTarget(bob, "99");
    await eventually(() => text(bob, "target-problem")).toBe("Changed meanwhile: now 101.30");
    // Nothing of it was set.
    await eventually(() => target(ann, symbol).textContent()).toBe("101.30");
    expect(await text(bob, "target-save")).toBe("Set mine all the same");
    await bob.getByTestId("target-save").click();
    await bob.getByTestId("target-dialog").waitFor({ state: "hidden" });
    await eventually(() => target(ann, symbol).textContent()).toBe("99.00");
    await openTarget(ann, symbol);
    await ann.getByTestId("target-remove").click();
    await ann.getByTestId("target-dialog").waitFor({ state: "hidden" });
    await eventually(() => target(bob, symbol).textContent()).toBe("Set");
  });

  it("are told what no target is, and their own is taken back", async () => {
    const [symbol = ""] = await symbols(ann);
    await openTarget(ann, symbol);
    await setTarget(ann, "1000000");
    await eventually(() => text(ann, "target-problem")).not.toBe("");
    await eventually(() => target(ann, symbol).textContent()).toBe("Set");
    await ann.keyboard.press("Escape");
    await ann.getByTestId("target-dialog").waitFor({ state: "hidden" });
  });

  it("do all of it by the keyboard", async () => {
    await ann.getByTestId("tab-market").focus();
    await ann.keyboard.press("ArrowRight");
    await ann.getByTestId("vans").waitFor();
    expect(await ann.evaluate(() => document.activeElement?.id)).toBe("tab-fleet");
    await ann.keyboard.press("Home");
    await ann.getByTestId("row").first().waitFor();
    await ann.keyboard.press("Tab");
    expect(await ann.evaluate(() => document.activeElement?.id)).toBe("search");
    await ann.getByTestId("grid").focus();
    await ann.keyboard.press("Home");
    await ann.keyboard.press("ArrowDown");
    const active = await ann.getByTestId("grid").getAttribute("aria-activedescendant");
    expect(active).toBe("row-1");
    const symbol = (await ann.locator(`#${active}`).getAttribute("data-symbol")) ?? "";
    await ann.keyboard.press("Enter");
    await eventually(() => ann.locator("#target-title").textContent()).toBe(`Target for ${symbol}`);
    await ann.keyboard.press("Control+A");
    await ann.keyboard.type("42");
    await ann.keyboard.press("Enter");
    await ann.getByTestId("target-dialog").waitFor({ state: "hidden" });
    await eventually(() => target(bob, symbol).textContent()).toBe("42.00");
    // Back where it was.
    expect(await ann.evaluate(() => document.activeElement?.id)).toBe("grid");
  });

  it("stop a van, which falls grey and then is gone for both", async () => {
    await ann.getByTestId("tab-fleet").click();
    await bob.getByTestId("tab-fleet").click();
    const van = (page: Page) => page.getByTestId("vans").locator('[data-van="van-07"]');
    await eventually(() => van(ann).textContent()).toBe("Stop van-07");
    await van(ann).click();
    await eventually(() => van(bob).textContent()).toMatch(/^van-07: [\d.]+ s$/);
    expect(await bob.locator('#map [data-van="van-07"]').getAttribute("data-state")).toBe("silent");
    for (const page of [ann, bob]) {
      await van(page).waitFor({ state: "detached" });
      await eventually(() => text(page, "fleet-news")).toBe("van-07 has expired");
      expect(await page.locator('#map [data-van="van-07"]').count()).toBe(0);
    }
  });
});

describe.skipIf(noBrowser)("a tab of the dashboard behind another one", { timeout: 90_000 }, () => {
  it("gets no byte, and all that has changed when it is seen again", async () => {
    const server = await startExamples();
    const browser = await TabbedBrowser.launch();
    try {
      const tab = await browser.open(`http://127.0.0.1:${server.port}/dashboard/`);
      const said = (id: string): Promise<unknown> =>
        tab.evaluate(`document.querySelector('[data-testid="${id}"]')?.textContent`);
      await eventually(() => said("market-count")).toBe("1,000 symbols");
      const other = await browser.open("about:blank");
      await other.show();
      await eventually(() => said("hide-said")).toBe("Hidden");
      await eventually(() => said("figure-messages")).toBe("0");
      await tab.show();
      await eventually(() => said("hide-said")).toMatch(/^Bytes while hidden, for [\d.]+ s: 0 B$/);
      await eventually(() => said("figure-messages")).not.toBe("0");
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
