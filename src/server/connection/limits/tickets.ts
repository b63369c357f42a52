/**
 * By a ticket a poll shows that it goes on from one that was let in, so that `limits.connects` need not count the poll. A
 * ticket is bound to its client, whose rate holds over all its requests, and so is worth nothing to others. It says nothing of
 * who the user is or what the user may do: that is asked each time.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

/** How long a ticket is good for, in milliseconds: a poll that waits, and the way to the next one. */
const GOOD_MS = 60_000;

export class Tickets {
  readonly #secret: string;

  /** @param secret the same on all servers that are to take each other's tickets */
  constructor(secret: string) {
    this.#secret = secret;
  }

  /** A ticket for the next poll. `now` is milliseconds since 1970, as on all servers. */
  issue(holder: string, now: number): string {
    const until = Math.ceil(now + GOOD_MS).toString(36);
    return `${until}.${this.#sign(until, holder).toString("base64url")}`;
  }

  isGood(ticket: string, holder: string, now: number): boolean {
    const [until = "", signature = ""] = ticket.split(".", 2);
    const end = Number.parseInt(until, 36);
    // A ticket that is good for longer than any was made for comes from a clock that is wrong.
    if (!(end >= now && end <= now + 2 * GOOD_MS)) return false;
    const given = Buffer.from(signature, "base64url");
    const right = this.#sign(until, holder);
    return given.length === right.length && timingSafeEqual(given, right);
  }

  #sign(until: string, holder: string): Buffer {
    return createHmac("sha256", this.#secret).update(`poll\n${until}\n${holder}`).digest();
  }
}
