/** Which servers there are, and how they are reached: the one difference between one Redis, Sentinel and Cluster. */
import type { Cluster, Redis } from "ioredis";

export interface Topology {
  /** Whom to send a command about `key` to; undefined while there is no connection to the server that has it. */
  ready(key: string): Redis | Cluster | undefined;
  /** Keys of one group are always on one server, and may be in one call. */
  groupOf(key: string): number;
  /** The connection that commands about `key` go over. */
  connectionFor(key: string): Redis | undefined;
  /** Connections to all primaries. */
  primaries(): Redis[];
  /** The name of the server that publishes what has this name; undefined while that is not known. */
  homeOf(topic: string): string | undefined;
  /** Another connection to that server, not connected yet. */
  subscriber(home: string): Redis | undefined;
  /** Whether the topics of one subscription may be anywhere. */
  readonly mixesTopics: boolean;
  /** Whether a subscription ends when its server is no primary any more; otherwise it goes on, with an outdated one. */
  readonly endsOldTopics: boolean;
  /** Connected, or connected again. */
  onReady(listener: () => void): void;
  /** Topics may have other homes now. */
  onMoved(listener: () => void): void;
  /** Finds out where everything is; `onMoved` follows. */
  refresh(): void;
  /** What went wrong last, for messages. */
  readonly lastError: Error | undefined;
  /** Begins to connect. */
  connect(): void;
  close(): void;
}
