/** What the hooks take and return. */
import type { ReactElement, ReactNode } from "react";
import type { Client, Gap, Member, Message, Published, Status, TidemarkError } from "../client/index.js";
import type { ChannelFor, ChannelsOf, CheckName, PatternOf } from "../client/typed.js";
import type { ChannelTypes, Params, TypedApp } from "../protocol/index.js";
import type { Pending } from "./pending.js";

/** Where a component's view of a stream begins. Of components on the same channel the one that asks for most counts. */
export interface UseStreamOptions {
  /** Begin this many messages back, whoever else is on the channel. Default 0: only what comes from now on. */
  readonly last?: number;
  /** How many messages stay in `messages`; over it the oldest go, except what `loadOlder` brought. Default 1,000. */
  readonly keep?: number;
}

/** How a component looks at a transient channel. Of components on the same channel the first one's count. */
export interface UseTransientOptions {
  /** Forget a message after so many milliseconds, for senders that vanished. Default: never. */
  readonly expireAfter?: number;
}

/** A stream as a component sees it. The same object until something changes; the functions never change. */
export interface StreamView<Output = unknown, Input = unknown> {
  /** An unbroken piece of the log, oldest first. */
  readonly messages: readonly Message<Output>[];
  /**
   * What was published here and is not among `messages` yet, in the order of publishing. On channels without
   * `sender: true` it goes when the publish is answered, which may be a moment after the message has come.
   */
  readonly pending: readonly Pending<Input>[];
  /** Whether the server has confirmed the subscription. */
  readonly ready: boolean;
  /**
   * The last time that messages were missing. `messages` begins anew behind it when they were trimmed or the log is
   * another one, and has lost what is void after a rollback.
   */
  readonly gap: Gap | undefined;
  /**
   * Why nothing comes: the subscription was refused, or the server ended it. The next component on the channel asks anew,
   * and so does, after a refusal, the next connection.
   */
  readonly error: TidemarkError | undefined;
  /** False when there is nothing before `messages` that the log keeps. */
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** Puts up to `limit` (default 50) messages before the oldest one. Rejects as `history` does. */
  readonly loadOlder: (limit?: number) => Promise<void>;
  /**
   * Publishes, and shows it in `pending` until it is among `messages`, or as failed. Settles as the client's
   * `publish` does; an error that is not looked at is in `pending` all the same, and not reported as unhandled.
   */
  readonly publish: (data: Input) => Promise<Published>;
}

/** A transient channel as a component sees it. The same object until something changes. */
export interface TransientView<Output = unknown, Input = unknown> {
  /** The newest message of each sender, in the order in which they came; those without a sender count as one. */
  readonly latest: readonly Message<Output>[];
  readonly ready: boolean;
  /** Why nothing comes: the subscription was refused, or the server ended it. */
  readonly error: TidemarkError | undefined;
  /** Tells those who are there, once. An error that is not looked at is not reported as unhandled. */
  readonly publish: (data: Input) => Promise<Published>;
}

/** Who is on a channel. The same object until somebody comes or goes. */
export interface PresenceView {
  readonly members: readonly Member[];
  /** More than there are `members` where the server does not list them all. */
  readonly count: number;
}

/** A client, whatever its app. */
export type AnyClient = Pick<Client, "id" | "status" | "reason" | "on" | "close">;

/** What {@link TidemarkProvider} takes. */
export interface ProviderProps<AppClient = AnyClient> {
  /**
   * The client that the components below use. Or a function that makes one: then the provider calls it once, in the
   * browser only, and closes the client when it is unmounted. Until then the hooks return what is there on a server:
   * nothing.
   */
  readonly client: AppClient | (() => AppClient);
  readonly children?: ReactNode;
}

type StreamOf<Channel extends ChannelTypes> = StreamView<Channel["output"], Channel["input"]>;
type TransientOf<Channel extends ChannelTypes> = TransientView<Channel["output"], Channel["input"]>;

/** The hooks, for one app. Patterns, names, parameters and payloads are checked as by the client. */
export interface Hooks<App extends TypedApp = TypedApp> {
  /**
   * Gives a client to the components below it.
   *
   * @example <TidemarkProvider client={() => connect<App>("/connect")}><Chat /></TidemarkProvider>
   */
  TidemarkProvider(this: void, props: ProviderProps<Client<App>>): ReactElement;
  /** The provider's client; `undefined` while the provider has not made it yet, and on a server. */
  useClient(this: void): Client<App> | undefined;
  /** Whether the server answers; `connecting` while there is no client yet. */
  useStatus(this: void): Status;
  /**
   * A stream's messages, and what it takes to publish. Components on the same channel share one subscription and one
   * list, which end with the last of them.
   *
   * @example
   * const { messages, publish } = useStream("chat/:id", { id: room }, { last: 50 });
   */
  useStream<Pattern extends PatternOf<ChannelsOf<App>, "stream">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options?: UseStreamOptions,
  ): StreamOf<ChannelsOf<App>[Pattern]>;
  /** The same by the channel's name, such as `"chat/general"`. */
  useStream<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "stream", Name>,
    options?: UseStreamOptions,
  ): StreamOf<ChannelFor<ChannelsOf<App>, Name>>;
  /**
   * The newest message of each sender on a transient channel.
   *
   * @example
   * const { latest, publish } = useTransient("typing/:id", { id: room }, { expireAfter: 5000 });
   */
  useTransient<Pattern extends PatternOf<ChannelsOf<App>, "transient">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options?: UseTransientOptions,
  ): TransientOf<ChannelsOf<App>[Pattern]>;
  /** The same by the channel's name, such as `"typing/general"`. */
  useTransient<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "transient", Name>,
    options?: UseTransientOptions,
  ): TransientOf<ChannelFor<ChannelsOf<App>, Name>>;
  /**
   * Who is on a stream channel with presence; this component's client is one of them.
   *
   * @example
   * const { members, count } = usePresence("chat/:id", { id: room });
   */
  usePresence<Pattern extends PatternOf<ChannelsOf<App>, "stream">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
  ): PresenceView;
  /** Who is on a transient channel with presence. */
  usePresence<Pattern extends PatternOf<ChannelsOf<App>, "transient">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options: { readonly kind: "transient" },
  ): PresenceView;
}
