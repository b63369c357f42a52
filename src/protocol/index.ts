/** The wire: frames, cursors and codes; what server and client agree on. Imports nothing. */
export type { AppTypes, ChannelTypes, MethodTypes, TypedApp } from "./app-types.js";
export { bytesOf } from "./bytes.js";
export { CLOSE_CODES, ERRORS, shouldReconnect, type CloseName, type ErrorCode } from "./codes.js";
export { MAX_CHANNEL_BYTES, canonicalName, channelNameProblem, utf8Length } from "./channel-name.js";
export { formatCursor, parseCursor, type Cursor } from "./cursor.js";
export { decodeCommand } from "./decode-command.js";
export { decodeInput } from "./decode-input.js";
export { decodeServer, readError, waitOf } from "./decode-server.js";
export type { Clock, Random, Timer } from "./environment.js";
export { CommandError, NotACommand } from "./field-reader.js";
export { LEAST_FRAME, MAX_CONNECT_SUBS, MAX_CONNECT_SUBS_HTTP } from "./frames.js";
export type {
  Command,
  ConnectOptions,
  ConnectResult,
  Data,
  ErrorBody,
  EventFrame,
  GapReason,
  HistoryEntry,
  HistoryOptions,
  HistoryResult,
  Id,
  Issue,
  Kind,
  Limits,
  Member,
  MembersResult,
  MessageFrame,
  Meta,
  PublishCommand,
  RefreshResult,
  ServerFrame,
  StartAt,
  SubscribeOptions,
  SubscribeResult,
} from "./frames.js";
export type {
  AckCommand,
  ChangeData,
  ChangeResult,
  GetResult,
  SlotFilter,
  TuneCommand,
  TuneResult,
  ViewOptions,
} from "./state-frames.js";
export {
  FrameError,
  readBinaryLines,
  readTextLines,
  splitBinaryLines,
  splitTextLines,
  writeBinaryLine,
  writeTextLine,
  type Line,
} from "./lines.js";
export { joinPart, writeParts, type Incomplete, type PartOwner } from "./parts.js";
export { MAX_OFFSET, isOffset, nextOffset, offsetAt, timeOf } from "./offset.js";
export { PatternTable, fillPattern, type Params } from "./pattern.js";
export type { InputLine, PlayOptions, PlayResult, RefusedInput, RefusedOverHttp } from "./room-frames.js";
export { realClock, realRandom } from "./real-environment.js";
