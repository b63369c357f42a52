/** React in a page of jsdom, over a server in memory: what a component shows, and how often it was rendered. */
import { type ReactElement, createElement } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { silentLogger, state, tidemark } from "tidemark";
import type { Client } from "tidemark/client";
import { TidemarkProvider } from "tidemark/react";
import { testApp } from "tidemark/testing";
import { onTestFinished } from "vitest";
import * as z from "zod";

/** What the server was asked about subscriptions, and how it answers. */
export interface Gate {
  asked: number;
  open: boolean;
}

/** An app with one kind of tables, its clients, and one page for components over one of them. */
export function serving() {
  const gate: Gate = { asked: 0, open: true };
  const app = tidemark({ log: silentLogger, authenticate: ({ token }) => ({ id: token ?? "ann" }) }).channels(
    {
      "table/:id": state({
        value: z.object({ n: z.number() }),
        presence: true,
        allow({ action }) {
          if (action !== "subscribe") return true;
          gate.asked++;
          return gate.open;
        },
      }),
    },
  );
  const run = testApp(app);
  onTestFinished(() => run.close());
  const rt = run.connect();
  const table = app.state("table/:id", { id: "a" });
  return { app, run, rt, gate, table, page: pageOf(rt as unknown as Client, run) };
}

export type Serving = ReturnType<typeof serving>;

interface Settling {
  settle(): Promise<void>;
}

function pageOf(client: Client, run: Settling) {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  /** Lets everything happen that happens by itself. Renderings come as they do in earnest: `act` would put them together. */
  async function settled(what: () => unknown = () => {}): Promise<void> {
    await what();
    await run.settle();
  }
  onTestFinished(() => root.unmount());
  return {
    settled,
    /** What is on the page from now on. */
    show: (...children: readonly ReactElement[]): Promise<void> =>
      settled(() => flushSync(() => root.render(createElement(TidemarkProvider, { client }, ...children)))),
    text: (): string => document.body.textContent,
  };
}

/** Rows `r0`, `r1` and so on, each of which holds its number. */
export function rows(count: number): Record<string, { n: number }> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`r${n}`, { n }]));
}
