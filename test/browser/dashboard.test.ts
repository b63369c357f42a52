/** What one can do to a link in the dashboard, and what is said and shown then: each of its switches. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./chat-page.js";
import { figure, look, milliseconds, text } from "./dashboard-page.js";
import { launchBrowser, noBrowser, startExamples, type ExampleServer } from "./support.js";

describe.skipIf(noBrowser)("a viewer of the dashboard", { timeout: 90_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;
  let ann: Page;

  beforeAll(async () => {
    server = await startExamples();
    browser = await launchBrowser();
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  // Each switch is tried on a link that nothing was done to.
  beforeEach(async () => {
    await ann?.context().close();
    ann = await look(browser, server.port);
  }, 60_000);

  const light = (page: Page) => page.getByTestId("light").getAttribute("data-state");

  it("sees a thousand symbols move, of which the page holds those in sight", async () => {
    await eventually(() => text(ann, "market-count")).toBe("1,000 symbols");
    await eventually(() => figure(ann, "figure-changes")).toBeGreaterThan(1000);
    await eventually(() => milliseconds(ann, "figure-age")).toBeLessThan(1000);
    expect(await ann.getByTestId("row").count()).toBeLessThan(60);
    await eventually(() => light(ann)).toBe("good");
    await framesASecond(ann);
  });

  it("saves bytes by deflate", async () => {
    await eventually(() => text(ann, "figure-saved")).toMatch(/MB \((?:[3-9]\d) %\)/);
  });

  it("asks for less by the slider, and for nothing by the pause", async () => {
    const rate = ann.getByTestId("rate");
    await rate.focus();
    await rate.press("Home");
    expect(await text(ann, "rate-text")).toBe("one in 5 s");
    expect(await rate.getAttribute("aria-valuetext")).toBe("one in 5 s");
    await eventually(() => figure(ann, "figure-merged")).toBeGreaterThan(20);
    await rate.press("End");
    expect(await text(ann, "rate-text")).toBe("60 a second");
    await eventually(() => figure(ann, "figure-messages")).toBeGreaterThan(20);

    await ann.getByTestId("pause").click();
    await eventually(() => figure(ann, "figure-messages")).toBe(0);
    await eventually(() => milliseconds(ann, "figure-age")).toBeGreaterThan(1500);
    await ann.getByTestId("pause").click();
    await eventually(() => milliseconds(ann, "figure-age")).toBeLessThan(1000);
    expect(await light(ann)).toBe("good");
  });

  it("on a slow link sees what is merged, all of it at one moment; another viewer beside is as fast as before", async () => {
    await ann.getByTestId("slow").click();
    expect(await ann.getByTestId("slow").getAttribute("aria-pressed")).toBe("true");
    await eventually(() => figure(ann, "figure-merged")).toBeGreaterThan(5);
    await eventually(() => milliseconds(ann, "figure-age")).toBeGreaterThan(1000);
    await eventually(() => text(ann, "twin")).toMatch(/old, merged/);
    await eventually(() => milliseconds(ann, "twin")).toBeLessThan(1000);
    expect(await light(ann)).toBe("good");

    await ann.getByTestId("slow").click();
    await eventually(() => milliseconds(ann, "figure-age")).toBeLessThan(1000);
    expect(await ann.getByTestId("twin").count()).toBe(0);
    expect(await light(ann)).toBe("good");
  });

  it("blocks the tab, and nothing has piled up", async () => {
    await ann.getByTestId("block").click();
    await eventually(() => text(ann, "block-said")).toMatch(
      /came, and all of it was new again after [\d.]+ m?s/,
    );
    // A window of this channel's and one of the other's, not five seconds of changes.
    const came = await text(ann, "block-said");
    expect(came).toMatch(/^[\d.,]+ (?:B|KB) came/);
  });

  it("is cut off, and gets only what has changed meanwhile", async () => {
    await eventually(() => text(ann, "market-count")).toBe("1,000 symbols");
    await ann.getByTestId("cut").click();
    await eventually(() => text(ann, "cut-said")).toMatch(
      /^Away for [\d.]+ s: \d+ of 1,000 keys had changed and came again, in [\d.,]+ \w?B$/,
    );
    expect(Number(/(\d+) of 1,000/.exec(await text(ann, "cut-said"))?.[1])).toBeLessThan(900);
    expect(await light(ann)).toBe("good");
  });

  it("hides the tab, and gets no byte", async () => {
    await ann.getByTestId("hide").click();
    await eventually(() => text(ann, "hide-said")).toMatch(/^Bytes while hidden, for [\d.]+ s: 0 B$/);
    await eventually(() => milliseconds(ann, "figure-age")).toBeLessThan(1000);
  });

  it("joins again in the middle of it, and never sees half a change", async () => {
    for (let nth = 0; nth < 10; nth++) {
      const before = await figure(ann, "light-sum");
      expect(before).not.toBe(Number.NaN);
      await ann.getByTestId("join-again").click();
      await eventually(() => text(ann, "light-text")).toBe("The sum has always been 100,000");
    }
    expect(await text(ann, "light-sum")).toMatch(/^100,000 now, after [\d,]+ looks$/);
    expect(await light(ann)).toBe("good");
  });

  it("reads the wire", async () => {
    await ann.getByTestId("show-wire").click();
    const lines = ann.getByTestId("wire-lines");
    await eventually(() => lines.textContent()).toMatch(/\[\d+,\d{13,},\["/);
    await ann.getByTestId("wire-freeze").click();
    const frozen = await lines.textContent();
    await eventually(() => figure(ann, "figure-messages")).toBeGreaterThan(0);
    expect(await lines.textContent()).toBe(frozen);
    await ann.getByTestId("wire-freeze").click();
    await eventually(() => lines.textContent()).not.toBe(frozen);
    await lines.press("Escape");
    await ann.getByTestId("wire").waitFor({ state: "hidden" });
  });

  it("sees how each process of the server is", async () => {
    await ann.getByTestId("tab-server").click();
    for (const id of ["cpu", "delay", "changes", "connections", "memory"]) {
      await eventually(() => ann.getByTestId(`chart-${id}`).locator(".now").textContent()).toMatch(/\d/);
      await ann.getByTestId(`chart-${id}`).locator("canvas").waitFor();
    }
    await eventually(() => text(ann, "processes")).toMatch(/^Process \d+/);
  });
});

/** What is reached on this machine is told, and no verdict: it is as fast as it is. */
async function framesASecond(page: Page): Promise<void> {
  const frames = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const from = performance.now();
        let count = 0;
        const next = (now: number): void => {
          count++;
          if (now - from < 3000) requestAnimationFrame(next);
          else resolve((count / (now - from)) * 1000);
        };
        requestAnimationFrame(next);
      }),
  );
  const [changes, messages] = [await figure(page, "figure-changes"), await figure(page, "figure-messages")];
  console.log(
    `the dashboard paints ${frames.toFixed(1)} frames a second at ${messages} messages and ${changes} changes a second`,
  );
}
