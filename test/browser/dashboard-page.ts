/** A viewer in the dashboard's page, and what is asked of it again and again. */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };

export type TabName = "market" | "fleet" | "server";

/** A new viewer, with a browser profile of their own, on one of the tabs. Resolves when there is something to see. */
export async function look(
  browser: Browser,
  port: number,
  tab: TabName = "market",
  options = DESKTOP,
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/dashboard/#${tab}`);
  const first = { market: "row", fleet: "vans", server: "chart-cpu" }[tab];
  await page.getByTestId(first).first().waitFor();
  await page.getByTestId("status").filter({ hasText: "online" }).waitFor();
  return page;
}

/** The text of what has this test id. */
export async function text(page: Page, testId: string): Promise<string> {
  return (await page.getByTestId(testId).first().textContent()) ?? "";
}

/** The first number in the text of what has this test id: `12,345.6 KB` is 12345.6; NaN where there is none. */
export async function figure(page: Page, testId: string): Promise<number> {
  return Number(/[\d,]+(?:\.\d+)?/.exec(await text(page, testId))?.[0].replaceAll(",", "") ?? Number.NaN);
}

/** An age or amount of time in milliseconds: `15 ms old`, `3.2 s old`. */
export async function milliseconds(page: Page, testId: string): Promise<number> {
  const said = await text(page, testId);
  const [, value = "NaN", unit = ""] = /([\d,.]+) (ms|s)\b/.exec(said) ?? [];
  return Number(value.replaceAll(",", "")) * (unit === "s" ? 1000 : 1);
}

/** Clicks what may be in the sheet of a phone, which is opened for that. */
export async function press(page: Page, testId: string): Promise<void> {
  const sheet = page.getByTestId("sheet");
  if ((await sheet.isVisible()) && (await sheet.getAttribute("aria-expanded")) === "false")
    await sheet.click();
  await page.getByTestId(testId).click();
}

/** The symbols of the rows in sight, from top to bottom. */
export function symbols(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('#grid-rows [role="row"]')]
      .filter((row) => !row.hidden)
      .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
      .map((row) => row.dataset["symbol"] ?? ""),
  );
}
