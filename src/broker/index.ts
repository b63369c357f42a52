/** The broker contract and the embedded broker. */
export {
  BrokerError,
  DEFAULT_DEDUPE_MS,
  ONLY_IF_KNOWN,
  REMEMBERED_EPOCHS,
  REMEMBERED_SEQUENCES,
  type Appended,
  type Broker,
  type Draft,
  type Durability,
  type Entry,
  type Epoch,
  type Follower,
  type Hint,
  type Keeping,
  type Key,
  type Lease,
  type LogOptions,
  type NodeInfo,
  type Page,
  type Payload,
  type PresenceChange,
  type ReadFrom,
  type Retain,
  type Signal,
} from "./contract.js";
export { DEFAULT_MAX_KEYS } from "./log/key-memory.js";
export {
  DEFAULT_IDLE_MS,
  createMemoryHub,
  memoryBroker,
  type MemoryHub,
  type MemoryNodeOptions,
  type MemoryOptions,
  type MemorySnapshot,
} from "./memory/memory-hub.js";
export type { HeldBy, Reign, ReignRequest } from "./reign-contract.js";
export type { ThreadEntry } from "./thread-contract.js";
export type { OpenWriter, ThreadWriter } from "./thread-writer.js";
export {
  CONFLICT_BYTES,
  DUE_REST_MS,
  EMPTY_MS,
  MOST_HINTED_BYTES,
  type Change,
  type Changed,
  type ChangesDraft,
  type ChangesEntry,
  type ChangesHint,
  type Condition,
  type Placed,
  type Refused as RefusedChanges,
  type SlotsFrom,
  type SlotsKeeping,
  type SlotsOptions,
  type SlotsPage,
} from "./slots-contract.js";
