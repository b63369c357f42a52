/** The hooks in Chromium, with React as npm brings it. */
import type { Browser, Page } from "playwright-core";
import { connect, type Member } from "tidemark/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { cableTo, launchBrowser, noBrowser } from "../browser/support.js";
import { app, disconnected, subscribed, type App } from "./app.js";
import { servePage, type ServedPage } from "./support.js";

describe.skipIf(noBrowser)("the hooks in Chromium", () => {
  let served: ServedPage;
  let browser: Browser;

  beforeAll(async () => {
    [served, browser] = await Promise.all([servePage(), launchBrowser()]);
  });

  afterAll(async () => {
    await browser?.close();
    await served?.stop();
  });

  async function open(query: string, port = served.port): Promise<Page> {
    const page = await browser.newPage();
    page.setDefaultTimeout(10_000);
    onTestFinished(() => page.close());
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(error.message));
    onTestFinished(() => expect(problems).toEqual([]));
    await page.goto(`http://127.0.0.1:${port}/?${query}`);
    return page;
  }

  /** Opens the page and waits until its stream is subscribed. */
  async function opened(query: string, port?: number): Promise<Page> {
    const page = await open(query, port);
    await page.locator('[data-testid="stream"][data-ready="true"]').waitFor({ state: "attached" });
    return page;
  }

  /** Somebody else on the channel, in Node. */
  function watcher(room: string, user = "watcher") {
    const client = connect<App>(`ws://127.0.0.1:${served.port}/connect`, { token: user });
    onTestFinished(() => client.close());
    return client.stream("chat/:id", { id: room });
  }

  const say = (id: string, ...texts: string[]) =>
    Promise.all(texts.map((text) => app.publish("chat/:id", { id }, { text })));

  const texts = (page: Page, testId = "message") => page.getByTestId(testId).allInnerTexts();

  const shows = (page: Page, testId: string, text: string | RegExp) =>
    page.getByTestId(testId).filter({ hasText: text }).first().waitFor();

  const publish = (page: Page, text: string): Promise<void> =>
    page.evaluate((line) => void window.drive.publish(line), text);

  /** Resolves when somebody of that name has left the channel. */
  function left(channel: ReturnType<typeof watcher>, id: string): Promise<void> {
    return new Promise((resolve) => {
      channel.on("leave", (members: readonly Member[]) => {
        if (members.some((member) => member.id === id)) resolve();
      });
    });
  }

  test("StrictMode's double mount makes one connection and one subscription, which end with the components", async () => {
    const other = watcher("strict");
    await other.ready;
    const before = app.stats.connections;
    const page = await opened("room=strict&user=eve");
    await shows(page, "members", "2: eve watcher");
    expect(app.stats.connections).toBe(before + 1);
    // The watcher's, and one of the page, though three components look.
    expect(subscribed.get("chat/strict")).toBe(2);

    const gone = left(other, "eve");
    await page.getByTestId("toggle").click();
    await gone;
    expect(app.stats.connections).toBe(before + 1);

    await page.getByTestId("toggle").click();
    await shows(page, "members", "2: eve watcher");
    expect(subscribed.get("chat/strict")).toBe(3);

    const closed = disconnected("eve");
    await page.getByTestId("leave").click();
    await closed;
  });

  test("changing the params switches the channel, without a flash of the other room's messages", async () => {
    await say("x-a", "a1", "a2");
    await say("x-b", "b1", "b2");
    const other = watcher("x-a");
    await other.ready;
    const page = await opened("room=x-a&last=10&user=kim");
    await shows(page, "message", "a2");
    const gone = left(other, "kim");
    await page.getByTestId("to-b").click();
    await shows(page, "message", "b2");
    await gone;
    expect(await texts(page)).toEqual(["b1", "b2"]);
    await say("x-a", "a3");
    await say("x-b", "b3");
    await shows(page, "message", "b3");
    const { renderings, frames } = await page.evaluate(() => window.drive);
    for (const { room, texts: seen } of renderings) {
      expect([room, seen.filter((text) => !text.startsWith(room.at(-1) ?? ""))]).toEqual([room, []]);
    }
    expect(frames.filter((frame) => /a\d/.test(frame) && /b\d/.test(frame))).toEqual([]);
  });

  test("messages come in order, and paging back goes on to the first one", async () => {
    const all = Array.from({ length: 25 }, (_, index) => `m${index}`);
    await say("long", ...all);
    const page = await opened("room=long&last=5");
    await shows(page, "message", "m24");
    expect(await texts(page)).toEqual(all.slice(20));
    await page.getByTestId("older").click();
    await shows(page, "message", "m10");
    await page.getByTestId("older").click();
    await shows(page, "message", /^m0$/);
    await page.getByTestId("older").waitFor({ state: "detached" });
    expect(await texts(page)).toEqual(all);
  });

  test("a channel that has been read from its beginning has nothing older", async () => {
    const page = await opened("room=fresh&last=5");
    await page.getByTestId("older").waitFor({ state: "detached" });
  });

  test("a component that comes later to the same channel sees as far back as it asks for", async () => {
    await say("shared", ...Array.from({ length: 10 }, (_, index) => `s${index}`));
    const page = await opened("room=shared&last=2");
    await shows(page, "message", "s9");
    await page.getByTestId("show-far").click();
    await shows(page, "far", "s0 s1 s2 s3 s4 s5 s6 s7 s8 s9");
    expect(subscribed.get("chat/shared")).toBe(1);
  });

  test("what is published shows at once, waits while offline, and is never there twice", async () => {
    const cable = await cableTo(served.port);
    onTestFinished(() => cable.close());
    const page = await opened("room=sending", cable.port);
    await shows(page, "status", "online");
    await publish(page, "first");
    await shows(page, "message", "first");
    cable.cut();
    await shows(page, "status", /offline|connecting/);
    await publish(page, "second");
    await publish(page, "third");
    await shows(page, "sending", "third");
    expect(await texts(page)).toEqual(["first"]);
    cable.mend();
    await shows(page, "message", "third");
    await page.getByTestId("sending").first().waitFor({ state: "detached" });
    expect(await texts(page)).toEqual(["first", "second", "third"]);
    const frames = await page.evaluate(() => window.drive.frames);
    expect(frames.filter((frame) => new Set(frame.split("|")).size < frame.split("|").length)).toEqual([]);
  });

  test("a publish that is refused stays, with the reason, until it is sent again or dismissed", async () => {
    const page = await opened("room=manners");
    await publish(page, "rude");
    await shows(page, "why", "be kind");
    await page.getByTestId("retry").click();
    await shows(page, "message", "rude");
    await page.getByTestId("failed").waitFor({ state: "detached" });

    await page.evaluate(() => void window.drive.publish(7 as unknown as string));
    await shows(page, "why", "expected string");
    await page.getByTestId("dismiss").click();
    await page.getByTestId("failed").waitFor({ state: "detached" });
  });

  test("after a gap the messages begin anew behind it", async () => {
    const cable = await cableTo(served.port);
    onTestFinished(() => cable.close());
    const page = await opened("room=gap&kind=short", cable.port);
    await app.publish("short/:id", { id: "gap" }, { text: "g0" });
    await shows(page, "message", "g0");
    cable.cut();
    await shows(page, "status", /offline|connecting/);
    for (let i = 1; i <= 5; i++) await app.publish("short/:id", { id: "gap" }, { text: `g${i}` });
    cable.mend();
    await page.locator('[data-gap="trimmed"]').waitFor();
    await shows(page, "message", "g5");
    expect(await texts(page)).toEqual(["g3", "g4", "g5"]);
    await page.getByTestId("older").waitFor({ state: "detached" });
  });

  test("a subscription that is refused says so", async () => {
    const page = await open("room=x&kind=closed");
    await page.locator('[data-error="forbidden"]').waitFor({ state: "attached" });
  });

  test("N83: in a table over real frames the row whose key changes is rendered, and under StrictMode it is one handle", async () => {
    const table = app.state("table/:id", { id: "rows" });
    await table.change({ set: Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`r${n}`, { n }])) });
    const page = await opened("room=rows&table=1");
    await shows(page, "row", /^r199=199$/);
    const renderings = (): Promise<number[]> =>
      page.getByTestId("row").evaluateAll((rows) => rows.map((row) => Number(row.dataset["renderings"])));
    const before = await renderings();
    for (let n = 1; n <= 5; n++) await table.set("r7", { n: -n });
    await shows(page, "row", /^r7=-5$/);
    await page.getByTestId("set").click();
    await shows(page, "row", /^r1=111$/);
    const more = (await renderings()).map((count, index) => count - (before[index] ?? 0));
    expect(before).toHaveLength(200);
    expect(more.flatMap((count, index) => (count > 0 ? [index] : []))).toEqual([1, 7]);
    // Twice a rendering, as StrictMode has it.
    expect(more[7]).toBeLessThanOrEqual(2 * 5);
    expect(subscribed.get("table/rows")).toBe(1);
    expect((await table.get("r1"))?.n).toBe(111);
  });

  test("a transient channel shows the newest of each sender, for a while", async () => {
    const client = connect<App>(`ws://127.0.0.1:${served.port}/connect`, { token: "bob" });
    onTestFinished(() => client.close());
    const typing = client.transient("typing/:id", { id: "lobby" });
    const page = await opened("room=lobby&user=ann");
    await typing.ready;
    await typing.publish({ on: true });
    await shows(page, "typing", "bob on");
    await page.evaluate(() => void window.drive.type(true));
    await shows(page, "typing", "ann on");
    await page
      .getByTestId("typing")
      .filter({ hasNotText: /bob|ann/ })
      .waitFor({ state: "attached" });
  });
});
