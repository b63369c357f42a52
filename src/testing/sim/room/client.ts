/** A player, or somebody who looks on, over all of its connections: it comes back whatever happens, and knows what it has sent. */
import type { Cursor, Random } from "../../../protocol/index.js";
import { inputNumber } from "../../../room/frame-reader.js";
import type { VirtualClock } from "../../virtual-clock.js";
import { ActiveTroubles } from "../active-troubles.js";
import { between, pick } from "../fork.js";
import type { LineTrouble } from "../pipes.js";
import type { Recorder } from "../recorder.js";
import { ClientView } from "./client-view.js";
import { printOf } from "./code.js";
import type { RoomFindings } from "./findings.js";
import { RoomLink, type LinkClient } from "./link.js";
import type { RoomNode } from "./node.js";
import type { RoomTruth } from "./room-truth.js";
import type { InputDeed, SimInput } from "./schemas.js";
import { keepsInputs } from "./shapes.js";

const LOOK_MS = 250;
/** Nothing has come for so long: its connection is dead. */
const SILENT_MS = 7000;
const PING_MS = 2000;
/** It makes no more inputs while so many are not acknowledged, so that the room drops none. */
const MOST_UNACKNOWLEDGED = 5;

export interface ClientDeps {
  readonly name: string;
  readonly channel: string;
  /** Undefined: it looks on. */
  readonly seat: string | undefined;
  readonly budget: number | undefined;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
  readonly findings: RoomFindings;
  readonly truth: RoomTruth;
  readonly nodes: readonly RoomNode[];
  /** Whether something has gone wrong so lately that its seat may be lost. */
  readonly isTroubled: () => boolean;
  /** Whether its seat is never given free but by itself. */
  readonly isKept: boolean;
}

export class RoomClient implements LinkClient {
  readonly name: string;
  readonly channel: string;
  readonly seat: string | undefined;
  readonly trouble = new ActiveTroubles<LineTrouble>();
  /** Whether it wants to be in. */
  wants = true;
  /** Whether a node holds its seat, as far as it was told, and it has not given it up. */
  isHeld = false;
  /** Whether somebody has sent it away: what was asked once may be carried out by each owner. */
  isKicked = false;
  view: ClientView;
  readonly #deps: ClientDeps;
  readonly #slowest: number;
  #link: RoomLink | undefined;
  #isIn = false;
  #had = false;
  #n = 0;
  #acked = 0;
  #unacked: SimInput[] = [];
  /** All that it has made since it has its seat, in their order; undefined: it cannot be sure what has come. */
  #made: SimInput[] | undefined = [];
  #heardAt = 0;
  #pingedAt = 0;
  #retryAt = 0;
  /** How many connections it has opened. */
  #links = 0;
  #hasEnded = false;

  constructor(deps: ClientDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.channel = deps.channel;
    this.seat = deps.seat;
    this.#slowest = pick(deps.random, [5, 20, 80]);
    this.view = this.#newView();
    this.#look();
  }

  /** Whether it plays, or looks on, as far as it knows. */
  get isIn(): boolean {
    return this.#isIn;
  }

  get unacknowledged(): number {
    return this.#unacked.length;
  }

  /** What its book must say, if that is known: how many inputs, and their order. */
  get book(): { readonly count: number; readonly print: number } | undefined {
    if (this.#made === undefined) return undefined;
    let print = 0;
    let count = 0;
    for (const one of this.#made) {
      if (one.do === "throw") continue;
      print = printOf(print, one);
      count++;
    }
    return { count, print };
  }

  input(deed: InputDeed, by: number): void {
    if (!this.#isIn || this.seat === undefined || this.#unacked.length >= MOST_UNACKNOWLEDGED) return;
    const k = ++this.#n;
    const made: SimInput = { k, by, do: deed };
    this.#unacked.push(made);
    this.#made?.push(made);
    this.#deps.recorder.count("inputs");
    this.#link?.input(k, made, this.view.isShown ? this.view.tick : undefined);
  }

  /** Its connection is cut; the node hears of it after so many milliseconds. It comes back. */
  cut(ms: number): void {
    this.#drop(ms);
  }

  /** It is away for so long, and keeps its seat if it may. */
  rest(ms: number): void {
    this.wants = false;
    this.#drop(between(this.#deps.random, 1, 200));
    this.#deps.clock.setTimeout(() => (this.wants = true), ms);
  }

  /** Gives its seat up; comes again after so long, if at all. */
  leave(ms: number | undefined): void {
    this.wants = false;
    this.isHeld = false;
    this.#had = false;
    this.#link?.leave();
    const again = (): void => {
      if (!this.#hasEnded) this.wants = true;
    };
    if (ms !== undefined) this.#deps.clock.setTimeout(again, ms);
    // One whose node does not answer goes all the same.
    const link = this.#link;
    this.#deps.clock.setTimeout(() => {
      if (link !== undefined && this.#link === link) this.#drop(10);
    }, 3000);
    this.#forget();
  }

  /** Opens the room in another place as well, which takes the seat over. */
  second(): void {
    const old = this.#link;
    if (old === undefined || this.seat === undefined || !this.#deps.nodes.some(({ up }) => up)) return;
    // What was on its way there may come or not, and what is made here has the same numbers.
    this.#made = undefined;
    this.#unacked = [];
    this.#isIn = false;
    this.view.settle(false);
    this.view = this.#newView();
    this.#connect();
    this.#deps.clock.setTimeout(() => old.drop(50), between(this.#deps.random, 500, 4000));
  }

  /** Goes for good. */
  end(): void {
    this.#hasEnded = true;
    this.wants = false;
    this.isHeld = false;
    this.#drop(1);
  }

  onSeated(link: RoomLink): void {
    const { truth, findings } = this.#deps;
    if (this.seat === undefined) return;
    if (
      !truth.hasSeat(this.seat) &&
      !truth.isAfterLoss &&
      truth.log.closed === undefined &&
      !this.isKicked &&
      link === this.#link
    )
      findings.add("seats", `R12: ${this.name} has a seat in ${this.channel}, and its log does not say so`);
    if (link === this.#link && this.wants) this.isHeld = true;
  }

  onLine(link: RoomLink, line: unknown, bytes: Uint8Array | undefined): void {
    if (link !== this.#link) return;
    this.#heardAt = this.#now;
    if (Array.isArray(line)) {
      const frame = this.view.message(line, bytes);
      if (frame !== undefined && this.seat !== undefined) this.#acknowledge(inputNumber(frame.ack, this.#n));
      return;
    }
    this.#event(line as Readonly<Record<string, unknown>>);
  }

  onGone(link: RoomLink): void {
    if (link === this.#link) this.#drop(1);
  }

  get #now(): number {
    return this.#deps.clock.monotonic();
  }

  #newView(): ClientView {
    const { name, seat, truth, findings, recorder, budget } = this.#deps;
    return new ClientView({ name, seat, truth, findings, recorder, isLate: budget !== undefined });
  }

  #look(): void {
    if (this.#hasEnded) return;
    const now = this.#now;
    const link = this.#link;
    if (link === undefined) {
      if (this.wants && now >= this.#retryAt) this.#connect();
    } else if (now - this.#heardAt > SILENT_MS) {
      this.#deps.recorder.count("given up");
      this.#drop(between(this.#deps.random, 1, 3000));
    } else if (now - this.#pingedAt > PING_MS) {
      this.#pingedAt = now;
      link.ping();
      if (this.#isIn && this.view.isShown) link.saw(this.view.tick);
    }
    this.#deps.clock.setTimeout(() => this.#look(), LOOK_MS);
  }

  #connect(): void {
    const { nodes, random, clock, channel, seat, budget, findings, recorder } = this.#deps;
    const up = nodes.filter((node) => node.up);
    const life = up.length === 0 ? undefined : pick(random, up).life;
    if (life === undefined) return;
    this.#heardAt = this.#now;
    this.#links++;
    recorder.count("connections");
    const latency = (): number => between(random, 1, this.#slowest);
    const { epoch, tick } = this.view;
    const cursor: Cursor | undefined = epoch === "" ? undefined : { epoch, offset: tick };
    this.#link = new RoomLink({
      life,
      clock,
      findings,
      conditions: { clock, latency, trouble: this.trouble },
      wish: { channel, seat, user: this.name, had: this.#had, cursor, budget },
      client: this,
    });
  }

  #drop(ms: number): void {
    const link = this.#link;
    this.#link = undefined;
    this.#isIn = false;
    // Nobody may have announced it again.
    if (this.#deps.truth.isAfterLoss) this.isHeld = false;
    this.#retryAt = this.#now + between(this.#deps.random, 20, 600);
    link?.drop(ms);
  }

  #event(line: Readonly<Record<string, unknown>>): void {
    const { event, ok, error, left } = line;
    if (ok !== undefined) return this.#begun(ok as { cursor?: Cursor; last: number });
    if (typeof error === "string") return this.#refused(error);
    if (left !== undefined) return this.#drop(1);
    if (event === "gap") return this.view.gap(line);
    if (event === "unsubscribed") return this.#ended(String(line["why"]));
    if (event === "refused") {
      this.#deps.recorder.count(`refused: ${String(line["code"])}`);
      this.#made = undefined;
    }
  }

  #begun({ cursor, last }: { readonly cursor?: Cursor; readonly last: number }): void {
    const { truth, findings, isKept } = this.#deps;
    if (cursor !== undefined) this.view.begin(cursor.epoch);
    this.#isIn = true;
    if (this.seat === undefined) return;
    if (
      this.#had &&
      isKept &&
      keepsInputs(this.channel) &&
      !truth.hasLost &&
      !this.isKicked &&
      last < this.#acked
    )
      findings.add(
        "seats",
        `R19: ${this.name} had input ${this.#acked} acknowledged, and its seat has ${last}`,
      );
    if (!this.#had) this.#acked = last;
    this.#had = true;
    this.#n = Math.max(this.#n, last);
    this.#acknowledge(last);
    for (const one of this.#unacked) this.#link?.input(one.k, one, undefined);
    if (!this.wants) this.leave(undefined);
  }

  #refused(code: string): void {
    const { recorder, truth, findings } = this.#deps;
    recorder.count(`refused: ${code}`);
    this.#drop(1);
    if (code === "room_full") this.#retryAt += 700;
    if (code !== "room_closed") return;
    if (!truth.log.wasClosed)
      findings.add("seats", `R29: ${this.name} is told that ${this.channel} has ended, and it has not`);
    this.#retryAt += 3000;
  }

  #acknowledge(n: number): void {
    if (n <= this.#acked) return;
    this.#acked = n;
    this.#unacked = this.#unacked.filter(({ k }) => k > n);
  }

  /** Its part in the room has ended, it is told. */
  #ended(why: string): void {
    const { recorder, findings } = this.#deps;
    recorder.count(`ended: ${why}`);
    if (!this.#mayEnd(why))
      findings.add("seats", `R19: ${this.name} has lost its seat in ${this.channel}, it is told: ${why}`);
    this.isHeld = false;
    this.#had = false;
    this.#forget();
    this.#drop(1);
    if (why === "closed") this.#retryAt += 3000;
  }

  #mayEnd(why: string): boolean {
    const { truth, isTroubled, isKept } = this.#deps;
    const isGone = this.isKicked || !this.wants;
    switch (why) {
      case "taken":
        return this.#links > 1;
      case "closed":
        return truth.log.wasClosed;
      case "lost":
        return truth.hasLost || (truth.hasFailedOver && !isKept);
      case "kicked":
        return this.isKicked;
      default:
        return isGone || truth.hasLost || (!isKept && isTroubled());
    }
  }

  /** What it has sent may have come or not, and is of a seat that it has no more. */
  #forget(): void {
    this.#unacked = [];
    this.#made = undefined;
  }
}
