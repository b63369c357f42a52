/** The command line and a page: what one says, the other shows. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tidemark } from "../cli/support.js";
import { launchBrowser, noBrowser, startExamples, type ExampleServer } from "./support.js";

describe.skipIf(noBrowser)("the command line beside a page in Chromium", { timeout: 60_000 }, () => {
  let server: ExampleServer;
  let browser: Browser;

  beforeAll(async () => {
    server = await startExamples();
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  it("a line that is piped into tidemark pub appears in the page, and what the page says in tidemark sub", async () => {
    const env = { TIDEMARK_URL: `ws://127.0.0.1:${server.port}/connect` };
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/chat/#general`);
    await page.getByTestId("name").fill("Ann");
    await page.getByTestId("join").click();
    await page.getByTestId("composer").waitFor();

    const pub = tidemark(["pub", "chat/general"], env);
    pub.type('{"text":"hi from the shell"}\n');
    pub.endInput();
    expect(await pub.exit).toBe(0);
    expect(pub.out()).toBe("1 published to chat/general\n");
    await page.getByTestId("message").filter({ hasText: "hi from the shell" }).waitFor();

    const sub = tidemark(["sub", "chat/general", "--last", "5"], env);
    await sub.says("hi from the shell");
    await page.getByTestId("composer").fill("hi from the page");
    await page.getByTestId("composer").press("Enter");
    await sub.says("hi from the page");
    sub.kill("SIGINT");
    expect(await sub.exit).toBe(0);
    expect(sub.out().trimEnd().split("\n")).toHaveLength(2);
    expect(sub.err()).toBe("");
  });
});
