/** People in the chat's page, and what they do there. */
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect } from "vitest";

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1100, height: 800 } };

export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
};

/** Somebody new, with a browser profile of their own, in a room. */
export async function enter(
  browser: Browser,
  name: string,
  port: number,
  room: string,
  options = DESKTOP,
): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/chat/#${room}`);
  await page.getByTestId("name").fill(name);
  await page.getByTestId("join").click();
  // On a phone the list is there, and not to be seen.
  await page.getByTestId("members").getByText(name, { exact: true }).waitFor({ state: "attached" });
  return page;
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

/** Waits until something with this text is to be seen. */
export async function seen(page: Page, testId: string, text: string): Promise<void> {
  await page
    .getByTestId(testId)
    .filter({ hasText: new RegExp(text, "i") })
    .first()
    .waitFor();
}

/** The texts of the messages shown in the list, less names and times. */
export async function texts(page: Page): Promise<string[]> {
  return page.locator("#list").getByTestId("message").locator("p.text").allTextContents();
}

/** Asks until the answer is as expected, also on a machine that has much else to do. */
export function eventually<Value>(ask: () => Promise<Value>) {
  return expect.poll(ask, { timeout: 20_000 });
}

/** Waits until exactly these are shown. */
export async function messages(page: Page, expected: readonly string[]): Promise<void> {
  await eventually(() => texts(page)).toEqual(expected);
}

/** The message with this text, in the list or in the thread. */
export function message(page: Page, text: string, where = "#list"): Locator {
  return page.locator(where).getByTestId("message").filter({ hasText: text });
}

/** The text of the message that has the focus, or in which something has it. */
export function focused(page: Page): Promise<string | null | undefined> {
  return page.evaluate(
    () => document.activeElement?.closest("article")?.querySelector("p.text")?.textContent,
  );
}

/** Opens a message's menu by the bar that appears where one points. */
export async function openMenu(page: Page, text: string, where = "#list"): Promise<void> {
  await message(page, text, where).hover();
  await page.getByTestId("tool-more").click();
  await page.getByTestId("menu").waitFor();
}

/** Rests a finger on a message until its menu is open. */
export async function longPress(page: Page, text: string): Promise<void> {
  const box = await boxOf(message(page, text).locator("p.text"));
  const finger = await page.context().newCDPSession(page);
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
  await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await page.getByTestId("menu").waitFor();
  await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

/** Where it is on the screen. For a moment it is nowhere: a message is drawn anew when something about it changes. */
async function boxOf(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
  let box: Awaited<ReturnType<Locator["boundingBox"]>> = null;
  await eventually(async () => (box = await locator.boundingBox())).not.toBeNull();
  return box ?? { x: 0, y: 0, width: 0, height: 0 };
}

/** The bytes of a picture that is too large to be sent as it is, drawn in the page. */
export async function largePicture(page: Page): Promise<Buffer> {
  const address = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 900;
    canvas.height = 600;
    const context = canvas.getContext("2d");
    // Enough going on that it is large as a PNG: every square another colour.
    for (let x = 0; x < 900; x += 4) {
      for (let y = 0; y < 600; y += 4) {
        if (context !== null)
          context.fillStyle = `hsl(${(x * 7 + y * 13) % 360} 60% ${30 + ((x * y) % 50)}%)`;
        context?.fillRect(x, y, 4, 4);
      }
    }
    return canvas.toDataURL("image/png");
  });
  return Buffer.from(address.slice(address.indexOf(",") + 1), "base64");
}
