/** The broker contract and the embedded broker. */
export {
  BrokerError,
  DEFAULT_DEDUPE_MS,
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
  type Key,
  type Lease,
  type LogOptions,
  type Page,
  type Payload,
  type PresenceChange,
  type ReadFrom,
  type Retain,
  type Signal,
} from "./contract.js";
export { DEFAULT_MAX_KEYS } from "./memory/key-memory.js";
export {
  DEFAULT_IDLE_MS,
  createMemoryHub,
  memoryBroker,
  type MemoryHub,
  type MemoryOptions,
  type MemorySnapshot,
} from "./memory/memory-hub.js";
