/** Whether the chat can be used by those who do not see it, or whose fingers are not those of a child. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serious, small } from "./axe.js";
import { DESKTOP, enter, largePicture, longPress, message, openMenu, PHONE, say, seen } from "./chat-page.js";
import { launchBrowser, noBrowser, startExamples, type ExampleServer } from "./support.js";

describe.skipIf(noBrowser)("the chat for everybody", { timeout: 180_000 }, () => {
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

  it.each(["light", "dark"] as const)("has nothing serious against it at a desk, %s", async (colorScheme) => {
    const room = `desk-${colorScheme}`;
    const nobody = await (await browser.newContext({ ...DESKTOP, colorScheme })).newPage();
    await nobody.goto(`http://127.0.0.1:${server.port}/chat/#${room}`);
    await nobody.getByTestId("join").waitFor();
    expect(await serious(nobody)).toEqual([]);
    await nobody.context().close();

    const bob = await enter(browser, "Bob", server.port, room);
    const ann = await enter(browser, "Ann", server.port, room, { ...DESKTOP, colorScheme });
    expect(await serious(ann)).toEqual([]);
    await fill(ann, bob);
    expect(await serious(ann)).toEqual([]);
    await openMenu(ann, "of mine");
    expect(await serious(ann)).toEqual([]);
    await ann.keyboard.press("Escape");
    await ann.getByTestId("thread-link").click();
    await message(ann, "a reply", "#thread-list").waitFor();
    await ann.getByTestId("open-search").click();
    await ann.getByTestId("search-text").fill("call");
    await seen(ann, "search-count", "1 found");
    await ann.getByTestId("composer").fill("@Bo");
    await seen(ann, "names", "Bob");
    expect(await serious(ann)).toEqual([]);
    for (const page of [ann, bob]) await page.context().close();
  });

  it.each(["light", "dark"] as const)(
    "has nothing serious against it on a phone, %s, and all of it can be touched",
    async (colorScheme) => {
      const room = `phone-${colorScheme}`;
      const bob = await enter(browser, "Bob", server.port, room);
      const ann = await enter(browser, "Ann", server.port, room, { ...PHONE, colorScheme });
      const check = async (): Promise<void> => {
        expect(await serious(ann)).toEqual([]);
        expect(await small(ann)).toEqual([]);
      };
      await fill(ann, bob);
      await check();
      await longPress(ann, "of mine");
      await check();
      await ann.keyboard.press("Escape");
      await ann.locator("#open-rooms").click();
      await ann.locator(".sidebar .close").waitFor();
      await check();
      await ann.locator(".sidebar .close").click();
      await ann.locator(".sidebar .close").waitFor({ state: "hidden" });
      await ann.getByTestId("open-search").click();
      await ann.getByTestId("search-text").fill("call");
      await seen(ann, "search-count", "1 found");
      await check();
      await ann.getByTestId("search-text").press("Escape");
      await ann.getByTestId("thread-link").click();
      await message(ann, "a reply", "#thread-list").waitFor();
      await check();
      for (const page of [ann, bob]) await page.context().close();
    },
  );

  /** A room with one of everything. */
  async function fill(ann: Page, bob: Page): Promise<void> {
    await say(ann, "one of mine");
    await seen(bob, "message", "one of mine");
    await openMenu(bob, "one of mine");
    await bob.getByLabel("React with 🎉").click();
    await message(bob, "one of mine").hover();
    await bob.getByTestId("tool-reply").click();
    await bob.getByTestId("thread-composer").fill("a reply");
    await bob.getByTestId("thread-composer").press("Enter");
    await seen(ann, "thread-link", "1 reply");
    await bob.getByTestId("thread-close").click();
    await say(bob, "I call @Ann, see https://example.com/");
    await seen(ann, "message", "I call @Ann");
    await say(bob, "gone");
    await openMenu(bob, "gone");
    await bob.getByTestId("menu-delete").click();
    await bob.getByTestId("menu-delete-sure").click();
    await seen(ann, "message", "was deleted");
    const buffer = await largePicture(bob);
    await bob.getByTestId("file").setInputFiles({ name: "sea.png", mimeType: "image/png", buffer });
    await seen(bob, "attachment", "sea.png");
    await say(bob, "look");
    await ann.getByTestId("image").locator("img").waitFor();
  }
});
