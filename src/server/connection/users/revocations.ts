/**
 * What the app has lately taken from its users, for those of their connections that were not there to hear it: because
 * the app was still asked about them, or because they are requests, of which one follows the other.
 */
import type { UserCommand } from "./user-command.js";

/** The end of a user's connections, or of one subscription on all of them; and when, on the monotonic clock. */
export type Revocation = Extract<UserCommand, { do: "unsubscribe" | "disconnect" }> & { readonly at: number };

/** How long they are kept, in milliseconds. */
export const KEPT_MS = 30_000;
/** How many are kept, of all users together. */
const MOST = 10_000;

export class Revocations {
  readonly #most: number;
  /** Who was denied something last comes last. */
  readonly #byUser = new Map<string, readonly Revocation[]>();
  #count = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  note(command: UserCommand, now: number): void {
    const { user } = command;
    // What is given again is not denied any more, and of two revocations of one thing the later counts.
    const revocations = this.#take(user).filter(
      (revocation) => revocation.at > now - KEPT_MS && !isAbout(command, revocation),
    );
    if (command.do !== "subscribe") revocations.push({ ...command, at: now });
    this.#put(user, revocations.slice(-this.#most));
    for (const [oldest, theirs] of this.#byUser) {
      if (this.#count <= this.#most && (theirs.at(-1)?.at ?? 0) > now - KEPT_MS) break;
      this.#take(oldest);
    }
  }

  /** What a user was denied at a time and after it, oldest first. */
  since(user: string | undefined, time: number): Revocation[] {
    const theirs = user === undefined ? undefined : this.#byUser.get(user);
    return theirs?.filter(({ at }) => at >= time) ?? [];
  }

  #put(user: string, revocations: readonly Revocation[]): void {
    if (revocations.length > 0) this.#byUser.set(user, revocations);
    this.#count += revocations.length;
  }

  #take(user: string): readonly Revocation[] {
    const theirs = this.#byUser.get(user) ?? [];
    this.#byUser.delete(user);
    this.#count -= theirs.length;
    return theirs;
  }
}

function isAbout(command: UserCommand, revocation: Revocation): boolean {
  if (command.do === "disconnect" || revocation.do === "disconnect") return command.do === revocation.do;
  return command.channel === revocation.channel;
}
