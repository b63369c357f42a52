import { type ConnectResult, type StartAt, type TypedApp, fillPattern } from "../protocol/index.js";
import { Connection, type Status } from "./connection.js";
import { Emitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { TidemarkError, messageOf } from "./errors.js";
import { type HandleHost, StreamHandle } from "./handle.js";
import { type ClientOptions, type Settings, addressOf, settingsFrom } from "./options.js";
import { Outbox } from "./outbox.js";
import { payloadOf } from "./payload.js";
import { Questions } from "./questions.js";
import { Subscriptions } from "./subscriptions.js";
import { TransientHandle } from "./transient-handle.js";
import type { Client, ClientEvents, Off, StreamOptions, TransientOptions } from "./types.js";
import { MAX_FRAME_BYTES, Wire } from "./wire.js";

/** Makes a client in this environment and begins to connect, see `connect`. */
export function connectIn<App extends TypedApp>(
  environment: Environment,
  url: string | URL,
  options: ClientOptions = {},
): Client<App> {
  const client = new TidemarkClient(
    { ...environment, ...options.environment },
    settingsFrom(options),
    addressOf(url),
  );
  // The one place where an app's types are believed: the server checks payloads, a client cannot.
  return client as unknown as Client<App>;
}

/** The public face: puts the parts together and passes on what one has to tell the others. */
class TidemarkClient implements Client {
  status: Status = "connecting";
  reason: TidemarkError | undefined;
  readonly #events: Emitter<ClientEvents>;
  readonly #report: (error: Error) => void;
  /** A secret: the scope of this client's publish numbers over all its connections. */
  readonly #publisher: string;
  readonly #wire = new Wire();
  readonly #outbox: Outbox;
  readonly #questions: Questions;
  readonly #subscriptions: Subscriptions;
  readonly #connection: Connection;
  readonly #stopListening: () => void;
  readonly #handles: HandleHost;

  constructor(env: Environment, settings: Settings, url: string) {
    const { clock, random } = env;
    const wire = this.#wire;
    this.#report = env.report;
    this.#publisher = random.id();
    // An error listener that throws is not told about it: it might throw again.
    this.#events = new Emitter((thrown, name) =>
      name === "error" ? env.report(handlerError(thrown)) : this.#error(handlerError(thrown)),
    );
    this.#outbox = new Outbox(clock, random, settings, wire);
    this.#questions = new Questions(clock, settings, wire);
    this.#subscriptions = new Subscriptions({ clock, random, backoff: settings.backoff, wire });
    this.#handles = {
      clock,
      wire,
      outbox: this.#outbox,
      questions: this.#questions,
      closed: () => this.#closed,
      report: (error) => this.#error(error),
      handlerFailed: (thrown) => this.#error(handlerError(thrown)),
    };
    this.#connection = new Connection(env, settings, url, wire, {
      connectBody: (token) => this.#connectBody(token),
      online: (result) => this.#online(result),
      down: () => this.#down(),
      message: (message) => this.#subscriptions.message(message),
      event: (event) => this.#subscriptions.event(event),
      status: (status, reason) => this.#setStatus(status, reason),
      error: (error) => this.#error(error),
    });
    this.#stopListening = env.listen(() => this.#connection.nudge());
    // Not before the application had its turn to listen.
    queueMicrotask(() => this.#connection.start());
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): Off {
    return this.#events.on(name, listener);
  }

  stream(name: string, second?: object, third?: object): StreamHandle {
    const { channel, options } = resolve(name, second, third);
    const subscription = this.#subscribe(channel, "stream", options);
    return new StreamHandle(this.#handles, subscription, (options as StreamOptions).buffer);
  }

  transient(name: string, second?: object, third?: object): TransientHandle {
    const { channel, options } = resolve(name, second, third);
    const subscription = this.#subscribe(channel, "transient", {});
    return new TransientHandle(this.#handles, subscription, (options as TransientOptions).buffer);
  }

  async call(method: string, data?: unknown): Promise<unknown> {
    if (this.#closed !== undefined) throw this.#closed;
    const argument = data === undefined ? "" : `,${payloadOf(data).body}`;
    return this.#questions.ask(`"call":${JSON.stringify(method)}${argument}`, false);
  }

  close(): void {
    this.#connection.close(new TidemarkError("closed", "this client was closed"));
  }

  get id(): string | undefined {
    return this.#connection.id;
  }

  get #closed(): TidemarkError | undefined {
    return this.status === "closed" ? this.reason : undefined;
  }

  #subscribe(name: string, kind: "stream" | "transient", { cursor, last, since }: StartAt) {
    if (this.#closed !== undefined) throw this.#closed;
    const back = { ...(last !== undefined && { last }), ...(since !== undefined && { since }) };
    const start = cursor === undefined ? back : { cursor };
    const subscription = this.#subscriptions.get(name, kind, start);
    // After this turn, so that handles opened and closed in it cost nothing.
    queueMicrotask(() => subscription.ask());
    return subscription;
  }

  #connectBody(token: string | undefined): string {
    const head = JSON.stringify({ token, publisher: this.#publisher }).slice(0, -1);
    const subs = this.#subscriptions.resume(MAX_FRAME_BYTES - head.length);
    return `"connect":${head},"subs":${subs}}`;
  }

  #online(result: ConnectResult): void {
    this.#subscriptions.online(result);
    this.#outbox.online();
    this.#questions.online();
  }

  #down(): void {
    this.#subscriptions.down();
    this.#outbox.down();
  }

  #setStatus(status: Status, reason: TidemarkError | undefined): void {
    const changed = this.status !== status;
    this.status = status;
    this.reason = reason;
    if (status === "closed" && reason !== undefined) this.#end(reason);
    if (changed) this.#events.emit("status", status);
  }

  #end(reason: TidemarkError): void {
    this.#stopListening();
    this.#subscriptions.close(reason);
    this.#outbox.close(reason);
    this.#questions.close(reason);
    if (reason.code !== "closed") this.#error(reason);
  }

  #error(error: TidemarkError): void {
    if (this.#events.has("error")) this.#events.emit("error", error);
    else this.#report(error);
  }
}

function handlerError(thrown: unknown): TidemarkError {
  const message = `a listener threw: ${messageOf(thrown)}`;
  return new TidemarkError("handler_failed", message, { cause: thrown });
}

/** `(pattern, params, options)` or `(name, options)`: a pattern is what has a parameter, or comes with three arguments. */
function resolve(name: string, second: object = {}, third?: object): { channel: string; options: object } {
  const pattern = third !== undefined || name.split("/").some((segment) => segment.startsWith(":"));
  if (!pattern) return { channel: name, options: second };
  return { channel: fillPattern(name, second as Record<string, string>), options: third ?? {} };
}
