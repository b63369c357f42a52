/** What people do in the chat, two of them, one at a desk and one with a phone. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  enter,
  eventually,
  focused,
  largePicture,
  longPress,
  message,
  messages,
  openMenu,
  PHONE,
  say,
  seen,
  texts,
} from "./chat-page.js";
import {
  cableTo,
  launchBrowser,
  noBrowser,
  startExamples,
  type Cable,
  type ExampleServer,
} from "./support.js";

describe.skipIf(noBrowser)("two people in the chat", { timeout: 90_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;
  let cable: Cable;
  let ann: Page;
  /** Bob has a phone. */
  let bob: Page;

  beforeAll(async () => {
    server = await startExamples();
    cable = await cableTo(server.port);
    browser = await launchBrowser();
    ann = await enter(browser, "Ann Lee", cable.port, "start");
    bob = await enter(browser, "Bob", server.port, "start", PHONE);
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await cable?.close();
    await server?.stop();
  });

  it("edit what they wrote, which the other one sees with a mark", async () => {
    await go("edits");
    await say(ann, "helo");
    await messages(bob, ["helo"]);
    await openMenu(ann, "helo");
    await ann.getByTestId("menu-edit").click();
    await seen(ann, "editing", "Editing");
    await ann.getByTestId("composer").fill("hello");
    await ann.getByTestId("composer").press("Enter");
    await messages(ann, ["hello"]);
    await messages(bob, ["hello"]);
    await message(bob, "hello").locator(".edited").waitFor();
    // The arrow up edits what one wrote last, Escape goes back to the draft.
    await ann.getByTestId("composer").press("ArrowUp");
    expect(await ann.getByTestId("composer").inputValue()).toBe("hello");
    await ann.getByTestId("composer").press("Escape");
    expect(await ann.getByTestId("composer").inputValue()).toBe("");
    // What somebody else wrote is not offered to be changed.
    await longPress(bob, "hello");
    expect(await bob.getByTestId("menu-edit").count()).toBe(0);
    expect(await bob.getByTestId("menu-delete").count()).toBe(0);
    await bob.keyboard.press("Escape");
  });

  it("delete what they wrote, after being asked, for everybody", async () => {
    await go("deletes");
    await say(bob, "oops");
    await messages(ann, ["oops"]);
    await longPress(bob, "oops");
    await bob.getByTestId("menu-delete").click();
    await bob.getByTestId("menu-delete-sure").click();
    await messages(bob, ["This message was deleted"]);
    await messages(ann, ["This message was deleted"]);
  });

  it("react with emoji, and see how many did and who", async () => {
    await go("reactions");
    await say(ann, "good news");
    await messages(bob, ["good news"]);
    await longPress(bob, "good news");
    await bob.getByLabel("React with 🎉").click();
    const chip = message(ann, "good news").getByTestId("reactions").getByRole("button");
    await eventually(() => chip.getAttribute("aria-label")).toBe("🎉 1: Bob");
    await chip.click();
    await eventually(() => chip.getAttribute("aria-label")).toBe("🎉 2: Bob, You");
    expect(await chip.getAttribute("aria-pressed")).toBe("true");
    const bobs = message(bob, "good news").getByTestId("reactions").getByRole("button");
    await eventually(() => bobs.getAttribute("title")).toBe("You, Ann Lee");
    // A second time takes it back; when nobody is left it is gone.
    await bobs.click();
    await chip.click();
    await chip.waitFor({ state: "detached" });
    await bobs.waitFor({ state: "detached" });
  });

  it("reply in a thread, beside the messages at a desk, over them on a phone", async () => {
    await go("threads");
    await say(ann, "shall we go?");
    await messages(bob, ["shall we go?"]);
    await message(ann, "shall we go?").hover();
    await ann.getByTestId("tool-reply").click();
    await ann.getByTestId("thread-composer").fill("to the sea");
    await ann.getByTestId("thread-composer").press("Enter");
    await seen(bob, "thread-link", "1 reply");
    // Replies do not stand in the list.
    expect(await texts(bob)).toEqual(["shall we go?"]);
    await bob.getByTestId("thread-link").click();
    await message(bob, "to the sea", "#thread-list").waitFor();
    expect(await bob.getByTestId("thread").boundingBox()).toMatchObject({ x: 0, y: 0, width: 390 });
    await bob.getByTestId("thread-composer").fill("yes");
    await bob.getByTestId("thread-composer").press("Enter");
    await message(ann, "yes", "#thread-list").waitFor();
    await seen(ann, "thread-link", "2 replies");
    await bob.getByTestId("thread-close").click();
    await bob.getByTestId("thread").waitFor({ state: "hidden" });
    await ann.getByTestId("thread-composer").press("Escape");
    await ann.getByTestId("thread").waitFor({ state: "hidden" });
  });

  it("call each other by name, with names offered while one writes", async () => {
    await go("mentions");
    await ann.getByTestId("composer").pressSequentially("hi @b");
    await seen(ann, "names", "Bob");
    await ann.getByTestId("composer").press("Enter");
    expect(await ann.getByTestId("composer").inputValue()).toBe("hi @Bob ");
    await ann.getByTestId("composer").press("Enter");
    await eventually(() => bob.locator(".calls-me .mention").allTextContents()).toEqual(["@Bob"]);
    expect(await ann.locator(".calls-me").count()).toBe(0);
  });

  it("see what is new in other rooms, and where it begins", async () => {
    await go("rooms-a");
    await go("rooms-b");
    await say(ann, "first");
    await messages(bob, ["first"]);
    // Bob looks elsewhere; he has read "first".
    await seen(ann, "state", "Seen by Bob");
    await show(bob, "rooms-a");
    await say(ann, "second");
    await say(ann, "third, @Bob");
    const badge = bob.getByTestId("room-rooms-b").locator(".badge");
    await eventually(() => badge.textContent()).toMatch(/^@?2 unread/);
    await show(bob, "rooms-b");
    await messages(bob, ["first", "second", "third, @Bob"]);
    await bob.getByTestId("new-line").waitFor();
    const order = await bob
      .locator("#list > :is([data-testid=new-line], article)")
      .evaluateAll((all) => all.map((each) => each.querySelector("p.text")?.textContent ?? "new"));
    expect(order).toEqual(["first", "new", "second", "third, @Bob"]);
    await badge.waitFor({ state: "detached" });
    // Saying something is the end of what is new.
    await say(bob, "read it all");
    await bob.getByTestId("new-line").waitFor({ state: "detached" });
  });

  it("see who has read what they wrote", async () => {
    await go("receipts");
    await say(ann, "read me");
    await seen(ann, "state", "Seen by Bob");
    await show(bob, "edits");
    await say(ann, "and me");
    await eventually(() => ann.locator("#list").getByTestId("state").allTextContents()).toEqual([
      "Seen by Bob",
      "Sent",
    ]);
    await show(bob, "receipts");
    await eventually(() => ann.locator("#list").getByTestId("state").allTextContents()).toEqual([
      "Seen by Bob",
    ]);
  });

  it("see that several others are typing", async () => {
    await go("typing");
    const cid = await enter(browser, "Cid", server.port, "typing");
    await Promise.all([
      cid.getByTestId("composer").pressSequentially("one"),
      bob.getByTestId("composer").pressSequentially("two"),
    ]);
    await seen(ann, "typing", "(Bob and Cid|Cid and Bob) are typing");
    await bob.getByTestId("composer").fill("");
    await cid.context().close();
  });

  it("are told in slow mode why a message was refused, and for how long", async () => {
    await go("help");
    await seen(ann, "slow", "one message every 10 s");
    await say(ann, "one");
    await messages(bob, ["one"]);
    await say(ann, "two");
    const refused = message(ann, "two");
    await eventually(() => refused.getAttribute("data-state")).toBe("failed");
    expect(await refused.getByRole("alert").textContent()).toMatch(/Slow mode: .* Wait \d+ s\. Retry/);
    await seen(ann, "slow", "Yours in");
    // As long as it takes, and not a try more.
    await ann.getByTestId("slow").filter({ hasNotText: "Yours in" }).waitFor();
    await refused.getByTestId("retry").click();
    await messages(bob, ["one", "two"]);
  });

  it("send images, made small enough, with what they show in words", async () => {
    await go("images");
    const buffer = await largePicture(ann);
    expect(buffer.length).toBeGreaterThan(60_000);
    await ann.getByTestId("file").setInputFiles({ name: "sea.png", mimeType: "image/png", buffer });
    await seen(ann, "attachment", "sea.png · .* KB, made smaller from");
    await ann.getByTestId("alt").fill("The sea");
    await say(ann, "look");
    const image = bob.getByTestId("image").locator("img");
    await image.waitFor();
    expect(await image.getAttribute("alt")).toBe("The sea");
    await eventually(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(100);
    await messages(bob, ["look"]);
    // What is no image is told before anything is sent.
    await bob
      .getByTestId("file")
      .setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hi") });
    await seen(bob, "attachment", "no image");
    await bob.getByLabel("Do not send the image").click();
  });

  it("paste and drop images", async () => {
    await go("paste");
    for (const kind of ["paste", "drop"] as const) {
      await ann.getByTestId("composer").evaluate(async (input, type) => {
        const blob = await new OffscreenCanvas(8, 8).convertToBlob().catch(async () => {
          const canvas = new OffscreenCanvas(8, 8);
          canvas.getContext("2d")?.fillRect(0, 0, 8, 8);
          return canvas.convertToBlob();
        });
        const data = new DataTransfer();
        data.items.add(new File([blob], `${type}.png`, { type: "image/png" }));
        const event =
          type === "paste"
            ? new ClipboardEvent(type, { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
        input.dispatchEvent(event);
      }, kind);
      await seen(ann, "attachment", `${kind}.png`);
      await ann.getByTestId("send").click();
    }
    await eventually(() => bob.getByTestId("image").locator("img").count()).toBe(2);
  });

  it("find what was said", async () => {
    await go("search");
    for (const text of ["High water", "low WATER", "sand", "éclair"]) await say(ann, text);
    await messages(bob, ["High water", "low WATER", "sand", "éclair"]);
    for (const page of [ann, bob]) {
      await page.getByTestId("open-search").click();
      await page.getByTestId("search-text").fill("water");
      await seen(page, "search-count", "2 found");
      expect(await page.locator("#list mark").allTextContents()).toEqual(["water", "WATER"]);
      await page.getByTestId("search-text").press("Enter");
      await seen(page, "search-count", "2 of 2");
      await page.getByTestId("search-text").press("Enter");
      await seen(page, "search-count", "1 of 2");
      await page.locator(".current").filter({ hasText: "High water" }).waitFor();
      await page.getByTestId("search-text").fill("eclair");
      await seen(page, "search-count", "1 found");
      await page.getByTestId("search-text").press("Escape");
      await page.getByTestId("search").waitFor({ state: "hidden" });
    }
  });

  it("go through messages and do what can be done with the keyboard alone", async () => {
    await go("keys");
    // Away from the messages, where it would bring up their bar.
    await ann.mouse.move(1, 1);
    await say(ann, "above");
    await say(ann, "below");
    await messages(bob, ["above", "below"]);
    // From the composer back to the one message that Tab reaches: past the button for images.
    await ann.getByTestId("composer").press("Shift+Tab");
    await ann.keyboard.press("Shift+Tab");
    await eventually(() => focused(ann)).toBe("below");
    await ann.keyboard.press("ArrowUp");
    await eventually(() => focused(ann)).toBe("above");
    await ann.keyboard.press("Enter");
    await ann.getByTestId("menu").waitFor();
    await ann.getByTestId("menu").getByLabel("React with 👍").press("Enter");
    await seen(bob, "reactions", "👍");
    // The message is drawn anew, and has the focus still.
    await eventually(() => focused(ann)).toBe("above");
  });

  it("keep the focus on a message that changes while its menu is open", async () => {
    await go("focus");
    await ann.mouse.move(1, 1);
    await say(ann, "watched");
    await messages(bob, ["watched"]);
    await ann.getByTestId("composer").press("Shift+Tab");
    await ann.keyboard.press("Shift+Tab");
    await ann.keyboard.press("Enter");
    await ann.getByTestId("menu").waitFor();
    await longPress(bob, "watched");
    await bob.getByLabel("React with 🎉").click();
    await seen(ann, "reactions", "🎉");
    await ann.keyboard.press("Escape");
    await eventually(() => focused(ann)).toBe("watched");
  });

  it("edit, react and delete while cut off, and it arrives once", async () => {
    await go("offline");
    for (const text of ["to change", "to like", "to delete"]) await say(ann, text);
    await messages(bob, ["to change", "to like", "to delete"]);
    cable.cut();
    await seen(ann, "banner", "offline");
    await openMenu(ann, "to change");
    await ann.getByTestId("menu-edit").click();
    await ann.getByTestId("composer").fill("changed");
    await ann.getByTestId("composer").press("Enter");
    await openMenu(ann, "to like");
    await ann.getByLabel("React with ❤️").click();
    await openMenu(ann, "to delete");
    await ann.getByTestId("menu-delete").click();
    await ann.getByTestId("menu-delete-sure").click();
    // All of it shows at once, and nothing has left.
    await messages(ann, ["changed", "to like", "This message was deleted"]);
    await seen(ann, "state", "saving");
    expect(await texts(bob)).toEqual(["to change", "to like", "to delete"]);
    cable.mend();
    await messages(bob, ["changed", "to like", "This message was deleted"]);
    await seen(bob, "reactions", "❤️1");
    await eventually(() => ann.getByText("saving…").count()).toBe(0);
  });

  it("have a list of rooms to which rooms are added, and from which they are taken", async () => {
    await go("rooms-c");
    await show(ann, "general");
    await ann.getByTestId("room-rooms-c").hover();
    await ann.getByLabel("Leave rooms-c").click();
    await ann.getByTestId("room-rooms-c").waitFor({ state: "detached" });
    await ann.getByTestId("room-name").fill("New Room");
    await ann.getByTestId("room-name").press("Enter");
    await ann.getByTestId("room-new-room").waitFor();
  });

  async function show(page: Page, room: string): Promise<void> {
    await page.evaluate((name) => (location.hash = name), room);
    await page.locator("#room-title").getByText(room, { exact: true }).waitFor();
  }

  /** Both go to a room, and see each other there. */
  async function go(room: string): Promise<void> {
    for (const page of [ann, bob]) await show(page, room);
    await ann.getByTestId("members").getByText("Bob", { exact: true }).waitFor();
    await bob.getByTestId("members").getByText("Ann Lee").waitFor({ state: "attached" });
  }
});
