/** Tabs of a Chromium that can be hidden, frozen and put away, which Playwright keeps them from: plain DevTools protocol. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { WebSocket } from "ws";
import { CHROMIUM } from "./support.js";

interface Reply {
  readonly id: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export class TabbedBrowser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #asked = new Map<number, (reply: Omit<Reply, "id">) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const reply = JSON.parse(data.toString()) as Reply;
      this.#asked.get(reply.id)?.(reply);
      this.#asked.delete(reply.id);
    });
    socket.on("close", () => {
      for (const answer of this.#asked.values()) answer({ error: { message: "Chromium has ended" } });
      this.#asked.clear();
    });
  }

  static async launch(): Promise<TabbedBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "tidemark-chromium-"));
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"];
    const child = spawn(
      CHROMIUM,
      [...args, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const socket = new WebSocket(await addressOf(child));
    await once(socket, "open");
    return new TabbedBrowser(child, profile, socket);
  }

  /** Opens a tab, in front of the others. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send("Target.createTarget", { url });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    return new Tab(this, String(targetId), String(sessionId));
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      this.#asked.set(id, ({ result = {}, error }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
  }

  async close(): Promise<void> {
    // Not `exit`: its children go on writing for a moment, until they let go of the output they share.
    const closed = once(this.#child, "close");
    this.#socket.close();
    this.#child.kill("SIGTERM");
    await closed;
    rmSync(this.#profile, { recursive: true });
  }
}

export class Tab {
  readonly #browser: TabbedBrowser;
  readonly #target: string;
  readonly #session: string;

  constructor(browser: TabbedBrowser, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /**
   * What an expression is in the page, as JSON; `undefined` while there is no page to ask. Rejects when the page goes
   * before it has answered.
   */
  async evaluate(expression: string): Promise<unknown> {
    const params = { expression: `JSON.stringify(${expression})`, userGesture: true };
    const { result } = await this.#browser.send("Runtime.evaluate", params, this.#session);
    const { value } = (result ?? {}) as { value?: string };
    return value === undefined ? undefined : JSON.parse(value);
  }

  async goTo(url: string): Promise<void> {
    await this.#browser.send("Page.navigate", { url }, this.#session);
  }

  /** Asks the browser, not the page: a page that has itself replaced may be gone before its answer. */
  async goBack(): Promise<void> {
    const { currentIndex, entries } = await this.#browser.send(
      "Page.getNavigationHistory",
      {},
      this.#session,
    );
    const last = (entries as { id: number }[])[Number(currentIndex) - 1];
    await this.#browser.send("Page.navigateToHistoryEntry", { entryId: last?.id }, this.#session);
  }

  /** In front of the others, so that they are hidden. */
  async show(): Promise<void> {
    await this.#browser.send("Target.activateTarget", { targetId: this.#target });
  }

  /** Only a hidden tab can be frozen. */
  async freeze(): Promise<void> {
    await this.#browser.send("Page.setWebLifecycleState", { state: "frozen" }, this.#session);
  }

  async thaw(): Promise<void> {
    await this.#browser.send("Page.setWebLifecycleState", { state: "active" }, this.#session);
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface(child.stderr as Readable)) {
    const address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      child.stderr?.resume();
      return address;
    }
  }
  throw new Error("Chromium has ended");
}
