/** Tidemark's server: `tidemark({ … }).channels({ … })`. */
export { App, tidemark, type CloseOptions } from "./app.js";
export type { ListenOptions } from "./listening.js";
export { cookies } from "./auth/cookies.js";
export {
  jwt,
  type Expiring,
  type JwtClaims,
  type JwtKey,
  type JwtOptions,
  type JwtUser,
} from "./auth/jwt.js";
export type { ActiveChannels } from "./inspection/inspector.js";
export type { ChannelCount, ChannelsQuery } from "./inspection/count.js";
export { bytes } from "./channels/bytes.js";
export {
  stream,
  transient,
  type Action,
  type Channel,
  type ChannelContext,
  type CommonOptions,
  type StreamOptions,
  type TransientOptions,
} from "./channels/define.js";
export {
  state,
  type ChangeContext,
  type ChangedTo,
  type SomeKeys,
  type StateAction,
  type StateAllowContext,
  type StateOptions,
} from "./channels/define-state.js";
export type { Duration } from "../protocol/duration.js";
export { method, type Method, type MethodContext, type MethodOptions } from "./channels/methods.js";
export type { BudgetOptions } from "./delivery/budget.js";
export type { Peer } from "./connection/link.js";
export type { ConnectionLimits, RoomLimits } from "./connection/node.js";
export type { ByteRateOptions } from "./connection/limits/byte-rate.js";
export type { RateOptions } from "./connection/limits/rate.js";
export type { Refused } from "./connection/limits/refused.js";
export { TidemarkError } from "./errors.js";
export { defaultLogger, silentLogger, type Logger } from "./logger.js";
export { DEFAULT_LIMITS, type AppOptions, type ConnectedInfo } from "./options.js";
export {
  type KeyedValues,
  type SetOptions,
  type StateChange,
  type StateFields,
  StateHandle,
  type PublishPattern,
  type RoomPattern,
  type StatePattern,
} from "./state/state-handle.js";
export type { StateChanged, StateWritten } from "./state/changing.js";
export type { Watch, WatchListener, WatchOptions } from "./state/watch.js";
export type { WatchedChanges } from "./state/watch-news.js";
export type { HttpOptions } from "./transports/http/endpoints.js";
export type { Origins } from "./transports/origin.js";
export type { UserHandle, UserPattern } from "./user.js";
