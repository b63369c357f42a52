/** An app and its clients in one process, without sockets, in a time that passes when it is told to. */
import { createMemoryHub } from "../broker/index.js";
import { type Client, type ClientOptions } from "../client/index.js";
import { chunksAtHand } from "../client/chunks-at-hand.js";
import { connectIn } from "../client/client.js";
import { realClock, type AppTypes, type TypedApp } from "../protocol/index.js";
import type { App } from "../server/index.js";
import type { Peer } from "../server/connection/link.js";
import { duration, type Duration } from "../protocol/duration.js";
import { MemoryLink } from "./memory-link.js";
import { seededRandom } from "./seeded-random.js";
import { TestClock } from "./test-clock.js";
import { TestPage } from "./test-page.js";

/** What {@link testApp} takes; everything may be left out. */
export interface TestAppOptions {
  /** Where the wall clock begins, in milliseconds since 1970. Default: now. */
  readonly now?: number;
  /** Names and jitter are the same each time for one seed. Default 1. */
  readonly seed?: number;
}

/** What a client of a {@link testApp} takes: the options of every client, and what its requests say. */
export interface TestClientOptions extends Omit<ClientOptions, "environment"> {
  /** What its requests say: header names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where its requests seem to come from. Default `127.0.0.1`. */
  readonly ip?: string;
}

interface TestedClient {
  readonly page: TestPage;
  readonly end: (how: "cut" | "vanish") => void;
}

/** See {@link testApp}. */
export interface TestApp<Tested extends TypedApp> {
  /** A client of the app; it connects at once and stays until `close`. */
  connect(options?: TestClientOptions): Client<Tested>;
  /** Resolves when everything that happens by itself has happened, for looking at what did not happen. */
  settle(): Promise<void>;
  /** Lets time pass: milliseconds, or a text such as "5m". All that is due in it happens, in its order. */
  pass(time: Duration): Promise<void>;
  /** The time of server and clients, in milliseconds since 1970. */
  now(): number;
  /** Breaks the connection of one client, or of all. Clients come back by themselves, as time passes. */
  cut(client?: Client<Tested>): void;
  /** One client, or all, vanish for good, as a machine that is switched off. */
  drop(client?: Client<Tested>): void;
  /** Nobody sees the page of one client, or of all, any more: its channels of keys pause, unless they have `whenHidden: "keep"`. */
  hide(client?: Client<Tested>): void;
  /** It is seen again. */
  show(client?: Client<Tested>): void;
  /** What nobody listened for: errors of clients without an `error` listener. */
  readonly errors: readonly Error[];
  /** Ends the clients and the app. */
  close(): Promise<void>;
}

/**
 * Runs an app for its tests: the real server and real clients, in memory. What happens at once happens by itself, so
 * `await chat.ready` and `await chat.publish(…)` work as they do elsewhere; timers run when `pass` is called, so that no
 * test waits. The app is used as it is, and keeps its logs in memory, whatever broker it has.
 *
 * @throws {TidemarkError} `already_listening` while the app runs
 * @example
 * const test = testApp(app);
 * const ann = test.connect({ token: "ann" });
 * const chat = ann.stream("chat/:id", { id: "general" });
 * await chat.publish({ text: "hi" });
 * test.cut(ann);
 * await test.pass("1s"); // ann is back
 * await test.close();
 */
export function testApp<User, Types extends AppTypes>(
  app: App<User, Types>,
  options: TestAppOptions = {},
): TestApp<App<User, Types>> {
  const clock = new TestClock(options.now ?? realClock.now());
  const random = seededRandom(options.seed ?? 1);
  const broker = createMemoryHub({ clock, random }).broker();
  // Time stands still there: what is set must not wait for it.
  const engine = app.runIn({ clock, random, broker, tick: 0 });
  const clients = new Map<Client<App<User, Types>>, TestedClient>();
  const errors: Error[] = [];

  function chosen(client: Client<App<User, Types>> | undefined): readonly TestedClient[] {
    return [...clients].flatMap(([one, tested]) => (client === undefined || client === one ? [tested] : []));
  }

  return {
    connect({ headers = {}, ip = "127.0.0.1", ...settings } = {}) {
      let link: MemoryLink | undefined;
      const client: Client<App<User, Types>> = connectIn(
        {
          clock,
          random,
          transport(url, events) {
            const { pathname, search } = new URL(url);
            const peer: Peer = { headers, url: pathname + search, ip };
            link = new MemoryLink(clock, engine, peer, events);
            return link.transport;
          },
          listen: () => () => {},
          report: (error) => void errors.push(error),
        },
        chunksAtHand,
        "ws://test/connect",
        settings,
      );
      const page = new TestPage();
      // Also where the test itself runs in something like a page, whose frames come in real time.
      Object.assign(client.host, { page });
      clients.set(client, { page, end: (how) => link?.[how]() });
      return client;
    },
    settle: () => clock.settle(),
    pass: (time) => clock.pass(duration(time, 0, "time")),
    now: () => clock.now(),
    cut(client) {
      for (const { end } of chosen(client)) end("cut");
    },
    drop(client) {
      for (const [one, { end }] of clients) {
        if (client !== undefined && client !== one) continue;
        end("vanish");
        one.close();
        clients.delete(one);
      }
    },
    hide(client) {
      for (const { page } of chosen(client)) page.turn("hidden");
    },
    show(client) {
      for (const { page } of chosen(client)) page.turn("seen");
    },
    errors,
    async close() {
      for (const client of clients.keys()) client.close();
      await app.close();
      await broker.close();
    },
  };
}
