/** What a connection asks of its transport. One per client; WebSocket, HTTP stream and the in-memory network have theirs. */
import type { CloseName } from "../../protocol/index.js";
import type { Chunk } from "../delivery/chunk.js";

export interface Link {
  /** Writes chunks as one frame, in order. MUST NOT throw: a dead peer is reported by the transport's close. */
  write(chunks: readonly Chunk[]): void;
  /** The same for one chunk, which many connections share. */
  writeShared(chunk: Chunk): void;
  /** Bytes handed over and not yet taken by the kernel. */
  readonly unsent: number;
  /** Calls `run` once, as soon as `unsent` is 0; MUST NOT do so before this has returned. */
  whenDrained(run: () => void): void;
  /** Stops reading from the peer, so that TCP slows it down. */
  pause(): void;
  resume(): void;
  /** Whether it does not read of its own accord: its peer has sent too much. Absent where that cannot be. */
  readonly resting?: boolean;
  /**
   * Makes the peer say something, and tells pages that the server is there. `at` is the present time on the monotonic
   * clock; where answers come in the order of what they are sent among, the connection is told when this one is answered.
   */
  ping(at: number): void;
  /** Ends the connection and tells the peer why; then the transport reports the close. `reason` is cut at 123 bytes. */
  close(name: CloseName, reason: string): void;
  /** Ends in good order what the peer will ask for again; absent where nothing ends so. */
  finish?(): void;
  /** Ends it without a word. */
  terminate(): void;
}

/** Who is on the other side, as far as the transport knows. */
export interface Peer {
  /** Lower-case header names, as Node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The path and query that were asked for. */
  readonly url: string;
  /** The address of the peer: behind proxies that `trustedProxies` names, the one that they say; else the last proxy's. */
  readonly ip: string;
  /** True where `ip` is a proxy's, for all who come through that: then limits do not go by it. */
  readonly shared?: boolean;
}
