/** Who sends a command, as the commands see it: a {@link Connection} without its transport and its inbox. */
import type { CloseName, Id } from "../../protocol/index.js";
import type { TidemarkError } from "../errors.js";
import type { Arrival } from "./limits/admission.js";
import type { Allowance } from "./limits/allowance.js";
import type { Peer } from "./link.js";
import type { ServerNode } from "./node.js";
import type { Outgoing } from "../delivery/outgoing.js";
import type { TokenBucket } from "./limits/rate.js";
import type { Answer } from "./channels/large-answers.js";
import type { Sessions } from "./channels/sessions.js";

/** Who is on a connection. */
export interface Identity {
  /** What `authenticate` returned; null without one. */
  readonly user: unknown;
  /** The user's id, where there is one. */
  readonly userId: string | undefined;
  /** When the user may be here no longer, in milliseconds since 1970; `Infinity` where that is not limited. */
  readonly expires: number;
  /** Whose idempotency keys these are: nobody can choose somebody else's. */
  readonly scope: string;
  /** The name under which the user is present: the id, or one that an anonymous client keeps over its connections. */
  readonly member: string;
  /** The client's name in messages: the same over all of its connections, where it gave a publisher secret. */
  readonly sender: string;
}

export interface Caller {
  readonly node: ServerNode;
  readonly peer: Peer;
  /** The address that limits go by. `undefined` where that is not known to be the client's alone. */
  readonly address: string | undefined;
  /** How fast the connection may go. */
  readonly allowance: Allowance;
  /** How many new channels the connection may use, where it has no user to go by; made when one is used. */
  newChannels: TokenBucket | undefined;
  readonly out: Outgoing;
  /** The connection's name, unique among all servers. */
  readonly client: string;
  /** Whether the connection comes, goes on from another one, or belongs to one. */
  readonly arrival: Arrival;
  /** For so many milliseconds before the connection began, its client may not have heard what its user was denied. */
  readonly missed: number;
  readonly closed: boolean;
  /** The commands that are carried out now were sent after this time, on the monotonic clock. */
  readonly sentAfter: number;
  /** Whether the client asks again by itself when an answer ends in good order: so over HTTP. */
  readonly asksAgain: boolean;
  /** Who is on the connection, once that is known. */
  readonly identity: Identity | undefined;
  readonly sessions: Sessions;
  /** How many calls run. Nobody asks for them again if the connection is lost. */
  calls: number;

  /** Says who is on the connection, once the app has let them in or knows better: also when it has ended meanwhile. */
  identified(identity: Identity): void;
  /** Runs `run` now, or when the answer to connect has been sent; never on a connection that does not get that far. */
  whenOpen(run: () => void): void;

  /** A payload of this many bytes is on its way to the broker, or, with a negative number, is no more. */
  hold(bytes: number): void;
  /** Answers a command. `ok` is JSON text, of `size` bytes where that is known. */
  reply(id: Id, ok: string, size?: number): void;
  /** Answers with an error; commands without an id get it too, without saying which they were. */
  fail(id: Id, error: TidemarkError): void;
  /** Sends a line that belongs to no command. */
  tell(text: string): void;
  /** Answers with something large: made when its turn comes, sent when there is room. `undefined` is no answer. */
  replyLarge(make: () => Promise<Answer | undefined>, onError: (thrown: unknown) => void): void;
  /** Tells the peer why and ends the connection. */
  close(name: CloseName, reason: string): void;
  /** Ends the connection because something of the server's own failed while it worked for it; the log says what. Never throws. */
  abandon(error: unknown): void;
}
