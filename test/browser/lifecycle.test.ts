/** Pages that a browser freezes, and pages that it puts away and shows again. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { serveClientPage, type ClientPage } from "./client-page.js";
import { noBrowser } from "./support.js";
import { TabbedBrowser, type Tab } from "./tabs.js";

/** How long a tab stays frozen: several times what both sides take for the end. `TIDEMARK_FREEZE=300` is five minutes. */
const FREEZE_MS = 1000 * Number(process.env["TIDEMARK_FREEZE"] ?? 5);
const PATIENCE = 20_000;

interface Seen {
  readonly got: readonly number[];
  readonly gaps: readonly unknown[];
  readonly statuses: readonly string[];
  readonly page: readonly string[];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe.skipIf(noBrowser)("a page in Chromium", () => {
  let browser: TabbedBrowser;

  beforeAll(async () => {
    browser = await TabbedBrowser.launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  });

  async function open(
    transport: string,
  ): Promise<{ served: ClientPage; tab: Tab; seen: () => Promise<Seen> }> {
    const served = await serveClientPage();
    onTestFinished(() => served.close());
    const tab = await browser.open(`${served.url}#${transport}`);
    const seen = async (): Promise<Seen> => (await tab.evaluate("window.seen")) as Seen;
    await expect.poll(() => tab.evaluate("window.rt?.status"), { timeout: PATIENCE }).toBe("online");
    return { served, tab, seen };
  }

  async function publish(served: ClientPage, from: number, to: number): Promise<void> {
    for (const n of range(from, to)) await served.publish(n);
  }

  it.each(["websocket", "stream", "poll"])(
    "N60: frozen for long and cut off meanwhile, it catches up when it goes on (%s)",
    async (transport) => {
      const { served, tab, seen } = await open(transport);
      await publish(served, 0, 10);
      await expect.poll(async () => (await seen()).got, { timeout: PATIENCE }).toEqual(range(0, 10));
      const other = await browser.open("about:blank");
      await other.show();
      await expect.poll(() => tab.evaluate("document.visibilityState"), { timeout: PATIENCE }).toBe("hidden");
      await tab.freeze();
      await expect.poll(async () => (await seen()).page, { timeout: PATIENCE }).toEqual(["freeze"]);
      await publish(served, 10, 20);
      await new Promise((resolve) => setTimeout(resolve, FREEZE_MS / 2));
      served.network.cut();
      await publish(served, 20, 30);
      served.network.mend();
      await new Promise((resolve) => setTimeout(resolve, FREEZE_MS / 2));
      await publish(served, 30, 40);
      // Nothing ran in it.
      expect((await seen()).got).toEqual(range(0, 10));
      await tab.thaw();
      await tab.show();
      await expect.poll(async () => (await seen()).got, { timeout: PATIENCE }).toEqual(range(0, 40));
      const { gaps, page } = await seen();
      expect(gaps).toEqual([]);
      expect(page).toEqual(["freeze", "resume"]);
    },
    FREEZE_MS + 60_000,
  );

  it.each(["websocket", "stream", "poll"])(
    "N62: put away for another page and restored, it goes on where it was (%s)",
    async (transport) => {
      const { served, tab, seen } = await open(transport);
      await publish(served, 0, 10);
      await expect.poll(async () => (await seen()).got, { timeout: PATIENCE }).toEqual(range(0, 10));
      await tab.goTo("about:blank");
      await expect.poll(() => tab.evaluate("location.href"), { timeout: PATIENCE }).toBe("about:blank");
      await publish(served, 10, 30);
      await tab.goBack();
      await expect.poll(() => tab.evaluate("window.seen?.page"), { timeout: PATIENCE }).toContain("restored");
      await publish(served, 30, 40);
      await expect.poll(async () => (await seen()).got, { timeout: PATIENCE }).toEqual(range(0, 40));
      const { gaps, statuses } = await seen();
      expect(gaps).toEqual([]);
      expect(statuses).toEqual(["online", "offline", "connecting", "online"]);
    },
    60_000,
  );
});
