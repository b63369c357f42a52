/** What the hooks on channels of keys take and return. */
import type { TidemarkError } from "../../client/index.js";
import type { StateHandle, StateOptions } from "../../client/state/index.js";
import type { ChannelFor, ChannelsOf, CheckName, PatternOf } from "../../client/typed.js";
import type { ChannelTypes, Params, TypedApp } from "../../protocol/index.js";
import type { PresenceView } from "../types.js";

type Writes = "set" | "merge" | "delete" | "change" | "update";

/**
 * A channel of keys as a component sees it that writes to it, or says how it is doing. The same object until `ready`, `error` or
 * `handle` change, which no key does; the functions never change.
 *
 * They are the handle's own: what they write is shown at once, and taken back where the server refuses it; then the promise rejects.
 * Where there is no client yet they reject.
 */
export interface StateView<Output = unknown, Input = unknown> extends Pick<
  StateHandle<Output, Input>,
  Writes
> {
  /** Whether the map is there, all of it. */
  readonly ready: boolean;
  /**
   * Why nothing comes: the subscription was refused, or the server ended it. The next component on the channel asks anew,
   * and so does, after a refusal, the next connection.
   */
  readonly error: TidemarkError | undefined;
  /**
   * The handle that the components share, for what else it can do: `lag`, `tune`, `pause`, its events. `undefined` before there is
   * one. It is closed with the last of them.
   */
  readonly handle: StateHandle<Output, Input> | undefined;
}

type OutputOf<Channel extends ChannelTypes> = Channel["output"];
type MapOf<Channel extends ChannelTypes> = ReadonlyMap<string, OutputOf<Channel>>;
type ViewOf<Channel extends ChannelTypes> = StateView<Channel["output"], Channel["input"]>;

/**
 * The hooks on channels of keys, for one app. Components that name the same channel and the same options share one handle, which
 * ends with the last of them; options are the same that say the same. Without any a hook wants all keys, as often as they change.
 *
 * What they return is `undefined` until the map is there, and so it is on a server.
 */
export interface StateHooks<App extends TypedApp = TypedApp> {
  /**
   * What a key holds; `undefined` is nothing. Renders when that changes, and only then.
   *
   * @example
   * const machine = useStateKey("metrics/:region", { region: "eu" }, "web-1");
   */
  useStateKey<Pattern extends PatternOf<ChannelsOf<App>, "state">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    key: string,
    options?: StateOptions,
  ): OutputOf<ChannelsOf<App>[Pattern]> | undefined;
  /** The same by the channel's name, such as `"metrics/eu"`. */
  useStateKey<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "state", Name>,
    key: string,
    options?: StateOptions,
  ): OutputOf<ChannelFor<ChannelsOf<App>, Name>> | undefined;
  /**
   * What a selector makes of the map. It runs once a frame in which something has changed, and the component renders where that
   * made something else.
   *
   * @param equal says whether it is the same as before, for selectors that make a new object each time; default `Object.is`
   * @example
   * const count = useStateValue("metrics/:region", { region: "eu" }, (map) => map.size);
   */
  useStateValue<Pattern extends PatternOf<ChannelsOf<App>, "state">, Selected>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    selector: (map: MapOf<ChannelsOf<App>[Pattern]>) => Selected,
    equal?: (a: Selected, b: Selected) => boolean,
    options?: StateOptions,
  ): Selected | undefined;
  /** The same by the channel's name. */
  useStateValue<Name extends string, Selected>(
    this: void,
    name: CheckName<ChannelsOf<App>, "state", Name>,
    selector: (map: MapOf<ChannelFor<ChannelsOf<App>, Name>>) => Selected,
    equal?: (a: Selected, b: Selected) => boolean,
    options?: StateOptions,
  ): Selected | undefined;
  /**
   * The keys that there are, in the order in which they came. Renders when one comes or goes, and not when one changes.
   *
   * @example
   * const WEB = { prefix: "web-" };
   * const keys = useStateKeys("metrics/:region", { region: "eu" }, WEB);
   * return keys?.map((key) => <Machine key={key} id={key} />); // where useStateKey takes WEB too
   */
  useStateKeys<Pattern extends PatternOf<ChannelsOf<App>, "state">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options?: StateOptions,
  ): readonly string[] | undefined;
  /** The same by the channel's name. */
  useStateKeys<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "state", Name>,
    options?: StateOptions,
  ): readonly string[] | undefined;
  /**
   * What it takes to write, whether the map is there, and why not. Renders when one of these changes, and not when a key does.
   *
   * @example
   * const { set, error } = useStateChannel("metrics/:region", { region: "eu" });
   */
  useStateChannel<Pattern extends PatternOf<ChannelsOf<App>, "state">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options?: StateOptions,
  ): ViewOf<ChannelsOf<App>[Pattern]>;
  /** The same by the channel's name. */
  useStateChannel<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "state", Name>,
    options?: StateOptions,
  ): ViewOf<ChannelFor<ChannelsOf<App>, Name>>;
  /**
   * Who is on a channel with presence; this component's client is one of them.
   *
   * @example
   * const { members, count } = useStatePresence("metrics/:region", { region: "eu" });
   */
  useStatePresence<Pattern extends PatternOf<ChannelsOf<App>, "state">>(
    this: void,
    pattern: Pattern,
    params: Params<Pattern>,
    options?: StateOptions,
  ): PresenceView;
  /** The same by the channel's name. */
  useStatePresence<Name extends string>(
    this: void,
    name: CheckName<ChannelsOf<App>, "state", Name>,
    options?: StateOptions,
  ): PresenceView;
}
