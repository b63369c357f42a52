/** Channels of keys and values, over a client of `tidemark/client`. */
import { canonicalName, type Params, type TypedApp } from "../../protocol/index.js";
import { readChannelArguments } from "../../protocol/pattern.js";
import { TidemarkError } from "../errors.js";
import type { ClientHost } from "../host.js";
import type { ChannelFor, ChannelsOf, CheckName, PatternOf } from "../typed.js";
import type { Client } from "../types.js";
import { StateChannel } from "./channel.js";
import { filterOf } from "./filter.js";
import { createStateHandle, rateOf } from "./handle.js";
import { realPage } from "./real-page.js";
import type { StateHandle, StateOptions } from "./types.js";

/** The channels that have handles, by client and by name as `canonicalName` spells it. */
const CHANNELS = new WeakMap<ClientHost, Map<string, StateChannel>>();

const DEFAULT_WINDOW = 64 * 1024;
const LEAST_WINDOW = 1024;
const MOST_WINDOW = 16 * 1024 * 1024;

/**
 * A handle on a channel of keys and values, whose map follows what the server has. Handles of one channel share one subscription: of all
 * keys that any of them wants, as often as the most demanding of them wants to be told.
 *
 * @throws {TidemarkError} `invalid` for a name, filter, rate or window that no server takes, `closed`, `wrong_kind` when there is a
 * handle of another kind on it; a `TypeError` when a parameter is missing
 * @example
 * const metrics = state(rt, "metrics/:region", { region: "eu" }, { rate: 5, prefix: "web-" });
 * metrics.on("changes", ({ changed }) => draw(metrics.map, changed));
 * await metrics.set("web-1", { cpu: 0.4 });
 */
export function state<App extends TypedApp, Pattern extends PatternOf<ChannelsOf<App>, "state">>(
  client: Client<App>,
  pattern: Pattern,
  params: Params<Pattern>,
  options?: StateOptions,
): StateHandle<ChannelsOf<App>[Pattern]["output"], ChannelsOf<App>[Pattern]["input"]>;
/** The same by the channel's name, such as `"metrics/eu"`. */
export function state<App extends TypedApp, Name extends string>(
  client: Client<App>,
  name: CheckName<ChannelsOf<App>, "state", Name>,
  options?: StateOptions,
): StateHandle<ChannelFor<ChannelsOf<App>, Name>["output"], ChannelFor<ChannelsOf<App>, Name>["input"]>;
export function state(
  { host }: Pick<Client, "host">,
  first: string,
  second?: object,
  third?: StateOptions,
): StateHandle {
  host.check();
  const [name, options] = readChannelArguments(first, second, third);
  const filter = filterOf(options);
  rateOf(options.rate);
  return createStateHandle(host, channelOf(host, name, options), filter, options);
}

function channelOf(
  host: ClientHost,
  name: string,
  { window = DEFAULT_WINDOW, page = host.page ?? realPage }: StateOptions,
): StateChannel {
  if (!(window >= LEAST_WINDOW && window <= MOST_WINDOW))
    throw new TidemarkError("invalid", `${window} is no window: ${LEAST_WINDOW} to ${MOST_WINDOW} bytes`);
  const channels = CHANNELS.get(host) ?? new Map<string, StateChannel>();
  CHANNELS.set(host, channels);
  const key = canonicalName(name);
  const channel =
    channels.get(key) ?? new StateChannel(host, name, { window, page }, () => channels.delete(key));
  channels.set(key, channel);
  return channel;
}

export type { Change, ChangeCondition, Values } from "./change.js";
export { isConflict, type ConflictError } from "./conflict.js";
export type { Page } from "../page.js";
export type { Changes, Lag, StateEvents, StateHandle, StateOptions } from "./types.js";
export type { Written } from "./writer.js";
