import { type StartAt, type TypedApp, utf8Length } from "../protocol/index.js";
import { readChannelArguments } from "../protocol/pattern.js";
import { createBackoff } from "./backoff.js";
import type { Chunks } from "./chunks.js";
import { createConnection } from "./connection.js";
import { createEmitter } from "./emitter.js";
import type { Environment } from "./environment.js";
import { TidemarkError, handlerError } from "./errors.js";
import { createHandle } from "./handle.js";
import type { ClientHost } from "./host.js";
import type { ClientKind } from "./kinds/kind.js";
import { streamKind } from "./kinds/stream.js";
import { transientKind } from "./kinds/transient.js";
import { type ClientOptions, addressOf, given, settingsFrom } from "./options.js";
import { createOutbox } from "./outbox.js";
import { payloadOf } from "./payload.js";
import { createQuestions } from "./questions.js";
import type { Status } from "./session.js";
import { createSubscriptions } from "./subscriptions.js";
import type { Client, ClientEvents, Stream, StreamOptions } from "./types.js";
import { createWire } from "./wire.js";

/** Makes a client in this environment and begins to connect, see `connect`. */
export function connectIn<App extends TypedApp>(
  environment: Environment,
  chunks: Chunks,
  url: string | { readonly href: string },
  options: ClientOptions = {},
): Client<App> {
  // The one place where an app's types are believed: the server checks payloads, a client cannot.
  return createClient(
    { ...environment, ...options.environment },
    chunks,
    typeof url === "string" ? url : url.href,
    options,
  ) as unknown as Client<App>;
}

/** Puts the parts together, and passes on what one has to tell the others. */
function createClient(env: Environment, chunks: Chunks, url: string, options: ClientOptions): Client {
  const address = addressOf(url);
  const { clock, random } = env;
  const settings = settingsFrom(options);
  const wire = createWire();
  const core = { clock, random, chunks, settings, wire };
  const outbox = createOutbox(core);
  const questions = createQuestions(core);
  const subscriptions = createSubscriptions(core);
  // An error listener that throws is not told about it: it might throw again.
  const events = createEmitter<ClientEvents>((thrown, name) =>
    (name === "error" ? env.report : report)(handlerError(thrown)),
  );
  /** A secret: the scope of this client's publish numbers over all its connections. */
  const publisher = random.id();
  let status: Status = "connecting";
  let reason: TidemarkError | undefined;
  let id: string | undefined;

  const host: ClientHost = {
    clock,
    random,
    chunks,
    backoff: () => createBackoff(settings.backoff, random),
    check() {
      if (status === "closed" && reason) throw reason;
    },
    report,
    // What else they have, its type does not show.
    ...questions,
    ...outbox,
    me: () => wire.me,
    subscribe(channel, kind, start) {
      const subscription = subscriptions.get(channel, kind, start);
      // After this turn, so that handles opened and closed in it cost nothing.
      queueMicrotask(subscription.ask);
      return subscription;
    },
  };

  const connection = createConnection(core, address, env, {
    connect(token) {
      const head = JSON.stringify({ token, publisher }).slice(0, -1);
      return `"connect":${head},"subs":${subscriptions.resume(utf8Length(head))}}`;
    },
    online(result) {
      subscriptions.online(result);
      outbox.online();
      questions.online();
    },
    idle: outbox.online,
    down() {
      subscriptions.down();
      outbox.down();
    },
    channel: subscriptions.channel,
    event: subscriptions.event,
    status(next, why, name) {
      const changed = status !== next;
      status = next;
      reason = why;
      id = name;
      if (next === "closed" && why !== undefined) end(why);
      if (changed) events.emit("status", next);
    },
    error: report,
  });

  function end(why: TidemarkError): void {
    stopListening();
    for (const part of [subscriptions, outbox, questions]) part.close(why);
    if (why.code !== "closed") report(why);
  }

  function report(error: TidemarkError): void {
    if (events.has("error")) events.emit("error", error);
    else env.report(error);
  }

  function open(kind: ClientKind) {
    return (name: string, second?: object, third?: StreamOptions): Stream => {
      host.check();
      const [channel, { buffer, ...start }] = readChannelArguments(name, second, third);
      return createHandle(host, kind, channel, startOf(start), buffer);
    };
  }

  const stopListening = env.listen(connection.heed);
  // Not before the application had its turn to listen.
  queueMicrotask(() => connection.heed("visible"));

  return {
    get status() {
      return status;
    },
    get reason() {
      return reason;
    },
    get transport() {
      return connection.transport();
    },
    get id() {
      return id;
    },
    host,
    on: events.on,
    stream: open(streamKind(host)),
    transient: open(transientKind(host)),
    async call(method: string, data?: unknown) {
      host.check();
      const { body, bytes } = data === undefined ? { body: "" } : payloadOf(data);
      return questions.ask(`"call":${JSON.stringify(method)}${body && ","}${body}`, false, bytes);
    },
    close: () => connection.close(new TidemarkError("closed", "this client was closed")),
  };
}

/** Where a subscription begins: a cursor wins over the others, and what is not given is not there. */
function startOf({ cursor, last, since }: StartAt): StartAt {
  return given(cursor === undefined ? { last, since } : { cursor });
}
