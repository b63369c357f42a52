/**
 * Taking a room over (R1): reign, read the log from 0, append the reign, and only then may it tick. Reigning shuts everybody else out, so what is
 * read then is all there will ever be of those before.
 */
import {
  BrokerError,
  type Broker,
  type Change,
  type HeldBy,
  type Reign,
  type ReignRequest,
} from "../../../../broker/index.js";
import type { Clock, Random } from "../../../../protocol/index.js";
import type { RoomDef } from "../../../../room/shape.js";
import { REIGN_LETTERS } from "../tick-message.js";
import type { Entering } from "../run/entering.js";
import { isFault } from "../run/faults.js";
import { CRASHED, type Run } from "../run/run.js";
import type { Settings } from "../run/settings.js";
import { NO_MARKS, watchedOf, type StepMarks, type Watched } from "../watch/steps.js";
import { Ledger } from "./ledger.js";
import { readRoom, type RoomRecord } from "./read-room.js";
import {
  MOST_SHORT,
  hasNewEpoch,
  isAllKnown,
  lastReign,
  namesIn,
  shortReigns,
  type Known,
} from "./reigns.js";
import { remake } from "./remake.js";
import { encodeWriter, roomLogOptions, type MadeRecord, type ReignRecord } from "./room-log.js";
import { restated } from "./restate.js";

const MOST_TRIES = 3;
const RETRY_MS = 100;

/** A room that its owner has stopped, and may go on with where nobody else has. */
export interface Memory extends Known {
  readonly run: Run;
  readonly made: MadeRecord;
  readonly reign: ReignRecord;
  /** It was shut out by the log: then another one reigned, unless the log has lost something since that epoch. */
  readonly fencedIn: string | undefined;
}

export interface TakeoverDeps {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly random: Random;
  readonly ttl: number;
  /** Where the room's code is marked as it runs. Default: nowhere. */
  readonly marks?: StepMarks | undefined;
}

export interface TakeoverRequest {
  readonly channel: string;
  readonly def: RoomDef;
  readonly settings: Settings;
  /** For a room that is not there yet. */
  readonly match: ReadonlyMap<string, string>;
  /** A reign that somebody knows of. */
  readonly was: string | undefined;
  /** Whether this node has no other room. */
  readonly alone: boolean;
  /** Whether it may be a room that its last owner died of; `must`: no other. */
  readonly mayBeMarked: boolean | "must";
  readonly memory: Memory | undefined;
}

export interface Taken {
  readonly is: "taken";
  readonly reign: Reign;
  /** When the call that took it was sent, on the monotonic clock. */
  readonly sent: number;
  readonly record: ReignRecord;
  readonly made: MadeRecord;
  readonly run: Run;
  /** What its steps are marked with. */
  readonly watched: Watched;
  readonly ledger: Ledger;
  readonly names: ReadonlySet<string>;
  /** Whether there was an owner before that had not let go of it. */
  readonly isTakeover: boolean;
  /** Whether the log may have lost something: seats that were granted may be missing in it. */
  readonly isAfterLoss: boolean;
  /** Whether it goes on with what this node remembers. */
  readonly isKept: boolean;
  /** What the next tick begins with: who came and went according to the log, and the checkpoint does not know. */
  readonly entering: readonly Entering[];
  /** The reign before, where it counts as a short one because its node seems to have died. */
  readonly blamed: string | undefined;
}

export type Takeover =
  | Taken
  /** Somebody else reigns: what its note says, and for how many milliseconds, unless it is renewed. */
  | { readonly is: "held"; readonly by: string; readonly left: number }
  | { readonly is: "closed"; readonly reason: string }
  /** Others have gone on with the room since what is remembered; nothing was done. */
  | { readonly is: "other" }
  /** `alone`: only a node without other rooms may take it. `sound`: it was to be one like that. `broken`: it cannot be made again. */
  | { readonly is: "refused"; readonly why: "alone" | "sound" | "broken"; readonly error?: unknown };

/** What others are told who ask for a reign: the node, and the reign's name. */
export function noteOf(node: string, name: string): string {
  return JSON.stringify([node, name]);
}

/** The node and the reign that a note tells of; a note of another making is taken for the node. */
export function readNote(note: string): { readonly node: string; readonly name: string | undefined } {
  try {
    const value: unknown = JSON.parse(note);
    if (!Array.isArray(value)) return { node: note, name: undefined };
    const [node, name]: unknown[] = value;
    return { node: String(node), name: typeof name === "string" ? name : undefined };
  } catch {
    return { node: note, name: undefined };
  }
}

/**
 * Takes a room over, if it can be had.
 *
 * @throws {BrokerError} where the broker does not answer; it may be taken then, for as long as one that is not renewed
 */
export async function takeOver(deps: TakeoverDeps, request: TakeoverRequest): Promise<Takeover> {
  const { broker, clock, random, ttl } = deps;
  const { channel } = request;
  const name = random.id().slice(0, REIGN_LETTERS);
  const sent = clock.monotonic();
  const asked = { ttl, secret: random.id(), note: noteOf(broker.node, name) };
  const reign = await ask(deps, channel, asked);
  if ("heldBy" in reign) return { is: "held", by: reign.heldBy, left: reign.left };
  const held = { ...asked, token: reign.token };
  const watched = watchedOf({ room: channel, reign: name, owner: broker.node, held });
  try {
    const taken = await new Taking(deps, request, { reign, name, sent, watched }).take();
    if (taken.is !== "taken") await reign.release();
    return taken;
  } catch (error) {
    // Nobody has to wait for the end of what nobody uses.
    await reign.release().catch(() => {});
    throw error;
  }
}

/** One that failed may have come through: with the same secret it is the same reign. */
async function ask(
  { broker, clock }: TakeoverDeps,
  channel: string,
  asked: ReignRequest,
): Promise<Reign | HeldBy> {
  for (let tries = 1; ; tries++) {
    try {
      return await broker.reign(channel, asked, roomLogOptions());
    } catch (error) {
      const isOver = error instanceof BrokerError && error.code === "closed";
      if (isOver || tries === MOST_TRIES) throw error;
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, RETRY_MS);
      });
    }
  }
}

interface Got {
  readonly reign: Reign;
  readonly name: string;
  readonly sent: number;
  readonly watched: Watched;
}

/** One takeover, from the reign on. */
class Taking {
  readonly #deps: TakeoverDeps;
  readonly #request: TakeoverRequest;
  readonly #got: Got;
  #drafts = 0;

  constructor(deps: TakeoverDeps, request: TakeoverRequest, got: Got) {
    this.#deps = deps;
    this.#request = request;
    this.#got = got;
  }

  async take(): Promise<Takeover> {
    const { channel, memory } = this.#request;
    const found = await readRoom(this.#deps.broker, channel);
    if (found.closed !== undefined) return { is: "closed", reason: found.closed.reason };
    if (memory === undefined) return this.#begin(found);
    const isBest = memory.fencedIn !== found.epoch && isAllKnown(found, memory);
    return isBest ? this.#keep(found, memory) : { is: "other" };
  }

  /** Goes on with what is remembered: it is what the log says, or newer. */
  async #keep(found: RoomRecord, memory: Memory): Promise<Takeover> {
    const { run, made } = memory;
    const record = this.#record(found, memory.reign.n, run.tick, memory.reign.short);
    const ledger = this.#ledger(found);
    await this.#append(ledger.restate(found.slots, restated({ run, made, reign: record })));
    return this.#taken({ record, made, run, ledger, found, isKept: true, entering: [], blamed: undefined });
  }

  async #begin(found: RoomRecord): Promise<Takeover> {
    const { settings, mayBeMarked, match } = this.#request;
    const ledger = this.#ledger(found);
    const short = shortReigns(found);
    if (short >= MOST_SHORT) {
      await this.#append([ledger.shut({ reason: CRASHED, tick: found.reign?.tick ?? 0 })]);
      return { is: "closed", reason: CRASHED };
    }
    if (short > 0 && mayBeMarked === false) return { is: "refused", why: "alone" };
    if (short === 0 && mayBeMarked === "must") return { is: "refused", why: "sound" };
    const made = found.made ?? { seed: seedOf(this.#deps.random), match };
    const tick = Math.max(found.saved.at(-1)?.tick ?? 0, found.inputs.at(-1)?.tick ?? 0, found.shown);
    const record = this.#record(found, found.reign?.n ?? 0, tick, short);
    // Before anything of the room's own code runs: what it does to this node counts against it from here on.
    await this.#append([
      ledger.reign(record),
      ...(found.made === undefined ? [ledger.made(made)] : []),
      ...ledger.unstuck(),
    ]);
    const { channel, def } = this.#request;
    let run: Run;
    try {
      const { marks = NO_MARKS } = this.#deps;
      run = remake(def, settings, channel, made, found, { marks, of: this.#got.watched });
    } catch (error) {
      // One that could not even begin leaves nothing: whoever wants it next tries again.
      const isNothing = found.made === undefined && isFault(error, "create_failed");
      await this.#append(isNothing ? ledger.erase() : [ledger.stuck("it cannot be made again")]);
      return { is: "refused", why: "broken", error };
    }
    const entering = settings.keep === "inputs" ? [] : comeAndGone(run, found);
    const blamed = lastReign(found) === "dead" ? found.reign?.name : undefined;
    return this.#taken({ record, made, run, ledger, found, isKept: false, entering, blamed });
  }

  #record(found: RoomRecord, before: number, tick: number, short: number): ReignRecord {
    const { broker } = this.#deps;
    const n = Math.max(before, found.reign?.n ?? 0) + 1;
    const { alone } = this.#request;
    const rest = { node: broker.node, tick, short, alone, released: false, next: undefined };
    return { name: this.#got.name, n, ...rest, epoch: found.epoch };
  }

  #ledger(found: RoomRecord): Ledger {
    const { rate, inputsFor } = this.#request.settings;
    return new Ledger(found, inputsFor, ({ tick, at }) => (rate === 0 ? (at ?? 0) : (tick * 1000) / rate));
  }

  #taken(
    rest: Omit<Taken, "is" | "reign" | "sent" | "watched" | "names" | "isTakeover" | "isAfterLoss"> & {
      readonly found: RoomRecord;
    },
  ): Taken {
    const { found, ...taken } = rest;
    const { memory, was } = this.#request;
    const { reign, sent, name, watched } = this.#got;
    const names = new Set([...namesIn(found), ...(taken.isKept ? (memory?.names ?? []) : []), name]);
    const isTakeover = found.reign?.released === false;
    const isAfterLoss = hasNewEpoch(found, was);
    return { is: "taken", reign, sent, watched, names, isTakeover, isAfterLoss, ...taken };
  }

  /** @throws {BrokerError} where it may not be in the log, or not under this reign */
  async #append(changes: readonly Change[]): Promise<void> {
    const { broker } = this.#deps;
    const { reign, name } = this.#got;
    const draft = {
      // Apart from the keys of its writer.
      key: { scope: `room/${name}/take`, id: ++this.#drafts, print: 0 },
      meta: encodeWriter(name),
      reign: reign.token,
      changes,
    };
    const [outcome] = await broker.change(this.#request.channel, [draft], roomLogOptions());
    if (outcome !== undefined && "offset" in outcome) return;
    const said = outcome === undefined ? "nothing" : outcome.error;
    throw new BrokerError("unavailable", `a reign could not be written into its log: ${said}`);
  }
}

/** Seats are in the log at once, and in the checkpoint with the next one: who came and went between is told to the room by its next tick. */
function comeAndGone(run: Run, { seats }: RoomRecord): Entering[] {
  const entering: Entering[] = [];
  for (const id of run.seats.keys())
    if (!seats.has(id)) entering.push({ is: "leave", seat: id, why: "left" });
  for (const [seat, { user, join }] of seats)
    if (!run.seats.has(seat)) entering.push({ is: "join", seat, user, join, over: true });
  return entering;
}

function seedOf(random: Random): number {
  return Math.floor(random.float() * 2 ** 53);
}
