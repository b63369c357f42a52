/** Listening to one channel: all that every transport can. */
import type { Client, Gap, Status, Stream } from "../../client/index.js";

/** What is listened to. */
export interface Reception {
  readonly channel: string;
  readonly token?: string;
  /** Begins that many messages back. */
  readonly last?: number;
  /** It is a channel without a log. */
  readonly transient?: boolean;
}

/** What somebody who listens was told, in order. */
export interface Told {
  readonly data: () => readonly unknown[];
  readonly gaps: readonly Gap[];
}

/** Somebody who listens to one channel, and comes back by itself. */
export interface Receiver extends Told {
  /** Resolves when the server has said where it begins; rejects, with a `code`, when the channel is refused. */
  readonly ready: Promise<void>;
  /** `offline`: it will come back. `closed`: it will not. */
  readonly status: Status;
  /** Why it stopped hearing, each time: codes of errors. */
  readonly ends: readonly string[];
  /** The ids of those who are there, as far as it knows. */
  readonly members: readonly string[];
  readonly left: readonly string[];
  /** Goes away. */
  close(): void;
}

/** Tidemark's own client, as far as it listens to one channel. It has no other. */
export function clientReceiver(client: Client, { channel, last, transient }: Reception): Receiver {
  const start = last === undefined ? {} : { last };
  const handle = (transient
    ? client.transient(channel as never)
    : client.stream(channel as never, start as never)) as unknown as Stream;
  const data: unknown[] = [];
  const gaps: Gap[] = [];
  const left: string[] = [];
  const ends: string[] = [];
  handle.on("message", (message) => data.push(message.data));
  if (!transient) handle.on("gap", (gap) => gaps.push(gap));
  handle.on("leave", (members) => left.push(...members.map(({ id }) => id)));
  client.on("status", (status) => {
    if (status === "offline" || status === "closed") ends.push(client.reason?.code ?? "");
  });
  return {
    data: () => data,
    gaps,
    left,
    ends,
    get ready() {
      return handle.ready.then(() => {});
    },
    get status() {
      return client.status;
    },
    get members() {
      return handle.members.map(({ id }) => id);
    },
    close: () => client.close(),
  };
}
