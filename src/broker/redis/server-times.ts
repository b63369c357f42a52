/**
 * What the clocks of the servers show at least, each known from its own answers and our steady clock. So an append can say
 * until when it may be made, and a server that gets it later does not make it: neither our wall clock nor the time
 * that it was on its way matters.
 */
import type { Clock } from "../../protocol/index.js";
import { replyCode } from "./errors.js";
import type { Topology } from "./topology.js";

/** The clock of one server, in one of its lives. */
interface ServerTime {
  /** Whose it is: `master_replid`, which changes with a restart and with another server in its place. */
  readonly life: string;
  /** By how many milliseconds it is ahead of ours, at least: as the best answer of this while has it, and of the one before. */
  ahead: number;
  before: number;
  /** When this while began. */
  since: number;
}

/**
 * How long an answer counts, in milliseconds, and half as long again. The best of several, since one that was read late says
 * less; not for ever, since no two clocks go at the same pace.
 */
const WHILE_MS = 10_000;

/** No server's: it is told from that, and answers with what it is. */
const UNKNOWN: ServerTime = { life: "", ahead: 0, before: 0, since: 0 };

export class ServerTimes {
  readonly #clock: Clock;
  readonly #topology: Topology;
  readonly #known = new Map<string, ServerTime>();

  constructor(clock: Clock, topology: Topology) {
    this.#clock = clock;
    this.#topology = topology;
  }

  /** Our own steady time. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** The life of the server that has `key`, as far as that is known. */
  lifeOf(key: string): string {
    return this.#of(key).life;
  }

  /** What that server's clock shows at least when ours shows `at`, in whole milliseconds. */
  at(key: string, at: number): number {
    const { ahead, before } = this.#of(key);
    return Math.max(0, Math.floor(Math.max(ahead, before) + at));
  }

  /** The server that has `key` has answered that it is so late there. It is that late now, or later. */
  learn(key: string, time: number): void {
    const known = this.#of(key);
    if (known === UNKNOWN) return;
    const now = this.#clock.monotonic();
    const ahead = time - now;
    if (now - known.since < WHILE_MS) known.ahead = Math.max(known.ahead, ahead);
    else {
      known.before = now - known.since < 2 * WHILE_MS ? known.ahead : ahead;
      known.ahead = ahead;
      known.since = now;
    }
  }

  /**
   * Learns from a refusal of `append.lua`. Says whether the same may be sent again: where the server was another one, but not
   * where it was too late by its clock, though not by ours. Ours may have stood still, with all of this machine.
   */
  learnFrom(key: string, error: unknown): boolean {
    const code = replyCode(error);
    if (!(error instanceof Error) || (code !== "OTHERCLOCK" && code !== "TOOLATE")) return false;
    const [, time = "", life = this.lifeOf(key)] = error.message.split(" ");
    const since = this.#clock.monotonic();
    const ahead = Number(time) - since;
    this.#known.set(this.#home(key), { life, ahead, before: ahead, since });
    return code === "OTHERCLOCK";
  }

  #of(key: string): ServerTime {
    return this.#known.get(this.#home(key)) ?? UNKNOWN;
  }

  #home(key: string): string {
    return this.#topology.homeOf(key) ?? "";
  }
}
