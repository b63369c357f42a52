import assert from "node:assert/strict";
import { inspect, isDeepStrictEqual } from "node:util";
import type { Broker } from "../../broker/index.js";
import {
  connect,
  type Client,
  type ClientOptions,
  type Gap,
  type Message,
  type Stream,
  type TransportFactory,
  type TransportName,
} from "../../client/index.js";
import { realClock } from "../../protocol/index.js";
import {
  method,
  stream,
  tidemark,
  TidemarkError,
  transient,
  type App,
  type AppOptions,
} from "../../server/index.js";
import { clientReceiver, type Reception, type Receiver, type Told } from "./receiver.js";

/** What is asked of a served app, in whichever process it runs. */
export type ServedApp = Pick<App<unknown, never>, "disconnect" | "publishTo"> & {
  close(): Promise<void>;
};

/** An app as a harness serves it. */
export type ContractApp = ServedApp & Pick<App<unknown, never>, "attach">;

/** What a rule wants to be other than usual. JSON, so that other processes can be told. */
export type ContractOptions = Pick<AppOptions<unknown>, "limits">;

/** A transport under test: servers that take it, and a network between them and their clients. */
export interface TransportHarness {
  /** What clients are told to use. */
  readonly transport: TransportName;
  /** How clients open it; by default as they do by themselves. */
  readonly open?: TransportFactory;
  /** How one channel is listened to, where that is not by a client. */
  readonly receive?: (url: string, what: Reception) => Receiver;
  /**
   * Serves the app on one node or on several; the address for clients. Brokers of several nodes share a store. Other
   * processes make the app by {@link contractApp}, with `options`.
   */
  serve(
    makeApp: (broker: Broker) => ContractApp,
    options: ContractOptions,
  ): Promise<{ readonly url: string; readonly apps: readonly ServedApp[] }>;
  /** Breaks every connection there is, without a word to either side, and refuses new ones until `mend`. */
  cut(): void;
  mend(): void;
  /** Lets nothing through to the clients until `flow`, without breaking anything. */
  stall(): void;
  flow(): void;
  close(): Promise<void>;
}

/**
 * What not every transport carries. `commands`: publishes, calls, questions, and the answers to them. `channels`: more
 * than one at a time. `sessions`: a client with a name, that renews its token.
 */
export type Need = "commands" | "channels" | "sessions";

export const NEEDS: readonly Need[] = ["commands", "channels", "sessions"];

/** One promise of the contract, and the test of it. */
export interface Rule {
  /** The id of the rule in docs/spec.md and what it is here. */
  readonly name: string;
  /** Without it, whatever brings the messages of one channel is enough. */
  readonly needs?: readonly Need[];
  check(kit: Kit): Promise<void>;
}

/** Milliseconds that anything may take. */
const PATIENCE = 15_000;
const GLANCE = 5;
/** How long a member is waited for. Long enough for a poll to be asked again on a slow machine. */
export const GRACE = 3000;

/** Who is it? `bob` may come, `mallory` may not, `late` must try again; without a token one is nobody. */
function authenticate(token: string | undefined): { id: string } | null {
  if (token === undefined) return null;
  if (token.startsWith("mallory")) throw new TidemarkError("unauthorized", "mallory may not come");
  if (token.startsWith("late")) throw new TidemarkError("busy", "later", { retry: true, after: 20 });
  return { id: token };
}

/** The app that the contract is about. */
export function contractApp(
  broker: Broker,
  options: ContractOptions & Pick<AppOptions<unknown>, "log">,
): ContractApp {
  return tidemark<{ id: string } | null>({
    authenticate: ({ token }) => authenticate(token),
    ...options,
    broker,
  })
    .channels({
      "log/:id": stream({ retain: { count: 100_000 } }),
      "short/:id": stream({ retain: { count: 2 } }),
      "room/:id": stream({ retain: { count: 1000 }, presence: true, presenceGrace: GRACE }),
      "now/:id": transient(),
      "closed/:id": stream({ allow: () => false }),
    })
    .methods({ echo: method({ run: (value: unknown) => value }) });
}

/** What a handle was told. */
export interface Account extends Told {
  readonly handle: Stream;
  readonly messages: Message[];
}

/** One test's servers and clients. */
export class Kit {
  readonly harness: TransportHarness;
  readonly #clients: Client[] = [];
  readonly #receivers: Receiver[] = [];
  #served: { readonly url: string; readonly apps: readonly ServedApp[] } | undefined;

  constructor(harness: TransportHarness) {
    this.harness = harness;
  }

  /** Where another than the usual server is wanted: before everything else. */
  async serve(options: ContractOptions = {}): Promise<readonly ServedApp[]> {
    const log = {
      info() {},
      warn() {},
      error: (fields: object, message: string) => assert.fail(`${message} ${JSON.stringify(fields)}`),
    };
    this.#served ??= await this.harness.serve((broker) => contractApp(broker, { log, ...options }), options);
    return this.#served.apps;
  }

  async app(): Promise<ServedApp> {
    return (await this.serve())[0] ?? assert.fail();
  }

  /** A client that uses the transport, and comes back fast. */
  async client(options: ClientOptions = {}): Promise<Client> {
    await this.serve();
    const { transport, open } = this.harness;
    const client = connect(this.#served?.url ?? "", {
      backoff: { min: 10, max: 50 },
      transports: [transport],
      ...options,
      environment: { report: () => {}, ...(open && { transport: open }) },
    });
    this.#clients.push(client);
    return client;
  }

  /** Begins to listen to one channel, by whatever the transport is used with. */
  async receive(what: Reception): Promise<Receiver> {
    await this.serve();
    const { token } = what;
    const receiver =
      this.harness.receive?.(this.#served?.url ?? "", what) ??
      clientReceiver(await this.client({ ...(token !== undefined && { token }) }), what);
    this.#receivers.push(receiver);
    return receiver;
  }

  /** One that hears already. */
  async receiving(what: Reception): Promise<Receiver> {
    const receiver = await this.receive(what);
    await receiver.ready;
    return receiver;
  }

  /** A subscriber that writes down what it is told. */
  listen(client: Client, channel: string, start: object = {}): Account {
    const handle = client.stream(channel as never, start as never) as unknown as Stream;
    const messages: Message[] = [];
    const gaps: Gap[] = [];
    handle.on("message", (message) => messages.push(message));
    handle.on("gap", (gap) => gaps.push(gap));
    return { handle, messages, gaps, data: () => messages.map(({ data }) => data) };
  }

  /** One that is there already. */
  async listening(client: Client, channel: string, start: object = {}): Promise<Account> {
    const account = this.listen(client, channel, start);
    await account.handle.ready;
    return account;
  }

  async until(what: string, isTrue: () => boolean): Promise<void> {
    const start = realClock.monotonic();
    while (!isTrue()) {
      if (realClock.monotonic() - start > PATIENCE) assert.fail(`waited ${PATIENCE} ms in vain: ${what}`);
      await this.pass(GLANCE);
    }
  }

  /** Waits until these and no others have come, in this order. */
  async gets(told: Told, expected: readonly unknown[]): Promise<void> {
    await this.until(
      `${expected.length} messages, of which came ${told.data().length}`,
      () => told.data().length >= expected.length,
    );
    const data = told.data();
    const wrong = data.findIndex(
      (value, n) => n >= expected.length || !isDeepStrictEqual(value, expected[n]),
    );
    // Not as a comparison of the whole: where messages are large, that takes minutes to be written.
    if (wrong >= 0)
      assert.fail(`message ${wrong} is ${brief(data[wrong])} instead of ${brief(expected[wrong])}`);
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => realClock.setTimeout(resolve, ms));
  }

  close(): void {
    for (const receiver of this.#receivers) receiver.close();
    for (const client of this.#clients) client.close();
  }
}

function brief(value: unknown): string {
  return inspect(value, { maxArrayLength: 20, maxStringLength: 200 });
}

/** The code that a promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return assert.fail("it did not reject");
}

export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}
