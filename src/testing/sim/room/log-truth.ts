/** The truth about one room's log: what is in it, who was given its reign, and whether those who wrote it might. */
import type { ChangesDraft, Payload } from "../../../broker/index.js";
import type { ReignAnswer, ReignStep } from "../../../broker/log/reign.js";
import {
  CHECKPOINT,
  CLOSED,
  MADE,
  REIGN,
  STUCK,
  decodeClosed,
  decodeReign,
  decodeSaved,
  writerOf,
  type ReignRecord,
} from "../../../server/kinds/room/owner/room-log.js";
import { readNote } from "../../../server/kinds/room/owner/takeover.js";
import { CRASHED } from "../../../server/kinds/room/run/run.js";
import type { RoomFindings } from "./findings.js";

/** A room whose reigns ended so often, one after the other, soon and badly, is closed (R9). */
const MOST_SHORT = 2;

interface Entry {
  readonly offset: number;
  readonly writer: string | undefined;
  readonly changes: ChangesDraft["changes"];
}

interface Grant {
  readonly token: string;
  readonly name: string;
}

/** What of it is to be come back to. */
export interface LogMark {
  readonly length: number;
  readonly grants: readonly Grant[];
}

export interface LogTruthDeps {
  readonly channel: string;
  readonly findings: RoomFindings;
  /** Milliseconds of the broker's steady time. */
  readonly now: () => number;
  /** The newest tick that was told under a reign; undefined: none. */
  readonly lastTold: (reign: string) => number | undefined;
  /** Whether a node, by its name at the broker, is to have let go of its rooms. */
  readonly isLeaving: (node: string) => boolean;
}

export class LogTruth {
  readonly #deps: LogTruthDeps;
  readonly #entries: Entry[] = [];
  readonly #slots = new Map<string, Payload>();
  /** Until when each reign lasts for sure, by its name: the broker's steady time. */
  readonly #until = new Map<string, number>();
  /** Names of reigns in the order in which they began. */
  readonly #order = new Map<string, number>();
  #grants: Grant[] = [];
  #writer: string | undefined;
  readonly #over = new Set<string>();
  /** How many reigns there were when the log last lost something; below 0 where it never has. */
  #lostAt = -1;
  #wasClosed = false;

  constructor(deps: LogTruthDeps) {
    this.#deps = deps;
  }

  get slots(): ReadonlyMap<string, Payload> {
    return this.#slots;
  }

  /** How many reigns have begun. */
  get reigns(): number {
    return this.#order.size;
  }

  get record(): ReignRecord | undefined {
    const text = this.#slots.get(REIGN);
    return typeof text === "string" ? decodeReign(text) : undefined;
  }

  /** Why it has ended for good; undefined: it has not. */
  get closed(): string | undefined {
    const text = this.#slots.get(CLOSED);
    return typeof text === "string" ? decodeClosed(text).reason : undefined;
  }

  /** Whether only a node without other rooms may take it (R9). */
  get isMarked(): boolean {
    return this.#short > 0;
  }

  /** Whether it has ever said that the room has ended, also where it has lost that. */
  get wasClosed(): boolean {
    return this.#wasClosed;
  }

  /** Which reign in their order it is; undefined: the log has never had it. */
  orderOf(reign: string): number | undefined {
    return this.#order.get(reign);
  }

  /** Whether nobody else can have been given the room yet. */
  isGood(reign: string): boolean {
    return this.#deps.now() < (this.#until.get(reign) ?? -Infinity);
  }

  mark(): LogMark {
    return { length: this.#entries.length, grants: [...this.#grants] };
  }

  /** It is what it was. Whether it has lost something by that. */
  restore(mark: LogMark = { length: 0, grants: [] }): boolean {
    const isLess = mark.length < this.#entries.length || mark.grants.length < this.#grants.length;
    this.#entries.length = Math.min(this.#entries.length, mark.length);
    this.#grants = [...mark.grants];
    if (isLess) this.#lostAt = this.#order.size;
    this.#slots.clear();
    this.#over.clear();
    this.#writer = undefined;
    for (const entry of this.#entries) {
      this.#follow(entry);
      this.#put(entry);
    }
    return isLess;
  }

  reigned(step: ReignStep, answer: ReignAnswer): void {
    if (step.do === "release" || typeof answer !== "object" || !("token" in answer)) return;
    const { token } = answer;
    if (step.do === "take" && !this.#grants.some((grant) => grant.token === token)) {
      const { name = "" } = readNote(step.note);
      if (this.#order.has(name))
        this.#deps.findings.add("one owner", `R1: a second reign of ${this.#deps.channel} is named ${name}`);
      this.#grants.push({ token, name });
    }
    const name = this.#grants.find((grant) => grant.token === token)?.name;
    if (name !== undefined) this.#until.set(name, this.#deps.now() + step.ttl);
  }

  /** Something was written. */
  written({ meta, reign, changes }: ChangesDraft, offset: number): void {
    const { channel, findings } = this.#deps;
    const writer = writerOf(meta);
    const entry: Entry = { offset, writer, changes };
    if (writer !== undefined) {
      const newest = this.#grants.at(-1);
      if (newest?.token !== reign)
        findings.add("one owner", `R2: ${writer} wrote ${channel} under a reign that is over`);
      if (this.#over.has(writer))
        findings.add("one owner", `R5: ${writer} wrote ${channel} behind ${this.#writer}`);
      if (this.closed !== undefined)
        findings.add("one owner", `R29: ${writer} wrote ${channel}, which had ended: ${this.closed}`);
      this.#judgeFirst(entry);
    }
    this.#follow(entry);
    this.#entries.push(entry);
    this.#put(entry);
    if (writer !== undefined && changes.some(({ slot }) => slot === REIGN)) this.#judgeRelease(writer);
  }

  /** Who lets go of a room has saved it (R28). */
  #judgeRelease(writer: string): void {
    const { channel, findings, lastTold } = this.#deps;
    const told = lastTold(writer) ?? 0;
    if (this.record?.released === true && this.#savedTick < told)
      findings.add(
        "one run",
        `R28: ${writer} lets go of ${channel}, which is saved at ${this.#savedTick}, and told ${told}`,
      );
  }

  /** A reign's first entry says so, or ends the room. */
  #judgeFirst({ writer, changes }: Entry): void {
    const { channel, findings } = this.#deps;
    if (writer === undefined || writer === this.#writer) return;
    const begun = changes.find(({ slot }) => slot === REIGN)?.data;
    const closed = changes.find(({ slot }) => slot === CLOSED)?.data;
    if (typeof closed === "string") {
      if (decodeClosed(closed).reason === CRASHED && this.#short < MOST_SHORT && this.#knowsLast)
        findings.add("one owner", `R9: ${channel} was closed after ${this.#short} short reigns`);
      return;
    }
    const record = typeof begun === "string" ? decodeReign(begun) : undefined;
    // It goes on under a reign that it still has, of which the log has lost the beginning (R8).
    if (record?.name !== writer && this.#lostAt >= 0 && this.#order.has(writer)) return;
    if (record?.name !== writer) {
      findings.add("one owner", `R1: ${writer} wrote ${channel} before it had said that it reigns`);
      return;
    }
    const isKept = changes.some(({ slot }) => slot === MADE) && this.#slots.has(MADE);
    this.#judgeBeginning(record, isKept);
    this.#order.set(record.name, this.#order.size);
  }

  #judgeBeginning(record: ReignRecord, isKept: boolean): void {
    const { channel, findings, lastTold, isLeaving } = this.#deps;
    const saved = this.#savedTick;
    if (record.tick < saved)
      findings.add(
        "one run",
        `R1: ${record.name} takes ${channel} at tick ${record.tick}, and ${saved} was saved`,
      );
    const last = this.record;
    if (last === undefined || isKept) return;
    if (this.#knowsLast && record.short !== this.#short)
      findings.add(
        "one owner",
        `R9: ${record.name} of ${channel} counts ${record.short} short reigns, and there were ${this.#short}`,
      );
    const told = lastTold(last.name) ?? -1;
    const isSame = last.node === record.node && !last.released && !isLeaving(last.node);
    if (isSame && this.#follows(record.name, last.name) && told > record.tick)
      findings.add(
        "one run",
        `R8: ${record.node} took ${channel} anew at tick ${record.tick}, and it had told ${told} as ${last.name}`,
      );
  }

  /** Whether nobody else was given the reign between these two. */
  #follows(name: string, last: string): boolean {
    const at = this.#grants.findIndex((grant) => grant.name === last);
    return at >= 0 && this.#grants[at + 1]?.name === name;
  }

  /** Whether the log has lost nothing since its last reign began. */
  get #knowsLast(): boolean {
    const last = this.record;
    return last !== undefined && (this.#order.get(last.name) ?? -1) >= this.#lostAt;
  }

  /** How many short reigns there were up to the last one (R9). */
  get #short(): number {
    const last = this.record;
    if (last === undefined) return 0;
    const isDead = last.alone && !last.released && this.#savedBy !== last.name;
    return this.#slots.has(STUCK) || isDead ? last.short + 1 : last.short;
  }

  get #saved(): ReturnType<typeof decodeSaved>[number] | undefined {
    const text = this.#slots.get(CHECKPOINT);
    return typeof text === "string" ? decodeSaved(text).at(-1) : undefined;
  }

  get #savedTick(): number {
    return this.#saved?.tick ?? 0;
  }

  get #savedBy(): string | undefined {
    return this.#saved?.reign;
  }

  #follow({ writer }: Entry): void {
    if (writer === undefined || writer === this.#writer) return;
    if (this.#writer !== undefined) this.#over.add(this.#writer);
    this.#writer = writer;
  }

  #put({ changes }: Entry): void {
    for (const { slot, data } of changes) {
      if (data === undefined) this.#slots.delete(slot);
      else this.#slots.set(slot, data);
      if (slot === CLOSED) this.#wasClosed = true;
    }
  }
}
