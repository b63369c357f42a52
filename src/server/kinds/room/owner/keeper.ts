import type { Broker, Change } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import { detach, type OnError } from "../../../guard.js";
import { CRASHED, type Run } from "../run/run.js";
import type { Settings } from "../run/settings.js";
import type { Ledger } from "./ledger.js";
import { readRoom } from "./read-room.js";
import { isGoodAt } from "./reigns.js";
import { checkpointOf, restated, savedAt } from "./restate.js";
import { REIGN, roomLogOptions, type MadeRecord, type ReignRecord } from "./room-log.js";
import type { Made } from "./turn.js";
import type { LogWriter, Written } from "./writer.js";

/** How long it waits before it asks again what the broker did not answer, in milliseconds. */
const RETRY_MS = 250;

export interface KeeperDeps {
  readonly broker: Pick<Broker, "readSlots">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly channel: string;
  readonly settings: Settings;
  readonly run: Run;
  readonly ledger: Ledger;
  readonly made: MadeRecord;
  readonly record: ReignRecord;
  /** The reign before, where it counts as a short one because its node seems to have died. */
  readonly blamed: string | undefined;
  readonly writer: LogWriter;
  /** Asks the log whether the reign is still this one's; what that means is seen to by its tenure. */
  readonly renew: () => Promise<boolean>;
  /** A write that nobody waits for came to this. */
  readonly onWritten: (written: Written) => void;
  /** The room is more than a checkpoint holds. */
  readonly onTooLarge: () => void;
  readonly onError: OnError;
}

/** What one reign has its room's log say: seats, what entered, checkpoints, its own end. */
export class Keeper {
  readonly #deps: KeeperDeps;
  #record: ReignRecord;
  /** Up to which tick the log says that players may have seen. */
  #shown = 0;
  #isSaving = false;
  #wantsSave = false;
  #isChecking = false;
  #isClosed = false;
  #hasSurvived = false;
  #save: Timer;
  /** The newest checkpoint that somebody has waited for. */
  #savedNow: { readonly tick: number; readonly saving: Promise<Written | "too_large"> } | undefined;
  #seats: Promise<Written> = Promise.resolve("written");

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#record = deps.record;
  }

  get record(): ReignRecord {
    return this.#record;
  }

  /** Resolves when the seats that were given so far are in the log, or are not. */
  get seatsWritten(): Promise<Written> {
    return this.#seats;
  }

  /** What of a turn is to be in the log before it is shown, with `keep: "inputs"`. */
  changesOf(made: Made): Change[] {
    const { ledger, run, settings } = this.#deps;
    const changes = this.#seatChanges(made);
    for (const { entry, time } of made.entries) changes.push(ledger.entry(entry, time));
    // Ticks in which nothing enters leave no entry. Whoever takes over goes on behind all that may have been shown, so that nothing is taken back.
    if (settings.rate > 0 && run.tick > this.#shown) {
      this.#shown = run.tick + settings.rate;
      changes.push(ledger.shown(this.#shown));
    }
    if (made.wantsCheckpoint) changes.push(...this.#checkpoint());
    return changes;
  }

  /** Writes them; where the log is full, a checkpoint takes the place of all that entered. */
  async write(changes: readonly Change[]): Promise<Written> {
    const { writer } = this.#deps;
    const written = await writer.write(changes, { quiet: true });
    return written === "full" ? writer.write(this.#checkpoint(), { quiet: true }) : written;
  }

  /** Writes who has taken and left seats in a turn. */
  writeSeats(made: Made): void {
    const changes = this.#seatChanges(made);
    if (changes.length > 0) this.#seats = this.#inBackground(changes, false);
  }

  /** Saves the room as it is now; once more behind that, where this comes while another checkpoint is on its way. */
  save(): void {
    this.#deps.clock.clearTimeout(this.#save);
    this.#save = undefined;
    if (this.#isClosed || this.#deps.run.closed !== undefined) return;
    if (this.#isSaving) {
      this.#wantsSave = true;
      return;
    }
    const changes = this.#checkpoint();
    if (changes.length === 0) return;
    this.#isSaving = true;
    const done = (): void => {
      this.#isSaving = false;
      if (!this.#wantsSave) return;
      this.#wantsSave = false;
      this.save();
    };
    detach(this.#inBackground(changes, true).then(done), this.#deps.onError);
  }

  /** The same for somebody who waits for it: resolves when it is in the log, or is not. `too_large`: it cannot be saved. */
  async saveNow(): Promise<Written | "too_large"> {
    const { tick } = this.#deps.run;
    // Between two ticks it is the same room, however many want it to be saved.
    if (this.#savedNow?.tick !== tick) {
      const changes = this.#checkpoint();
      const saving = changes.length === 0 ? ("too_large" as const) : this.#inBackground(changes, true);
      this.#savedNow = { tick, saving: Promise.resolve(saving) };
    }
    return this.#savedNow.saving;
  }

  /** A room without ticks has nothing that comes by itself: what has happened in it is saved so long after. */
  saveLater(): void {
    const { clock, settings } = this.#deps;
    if (settings.rate > 0 || this.#save !== undefined) return;
    this.#save = clock.setTimeout(() => this.save(), settings.checkpointEvery);
  }

  /** Of one that ended by its own faults all is kept that it can be made from again: see `revive.ts`. */
  close(reason: string): Promise<Written> {
    const { ledger, writer, run } = this.#deps;
    const record = { reason, tick: run.tick };
    return reason === CRASHED
      ? writer.write([ledger.shut(record)])
      : writer.write(ledger.close(record), { closed: true });
  }

  /** The operator vouches for it: reigns before this one do not count any more. */
  async vouch(): Promise<Written> {
    if (this.#record.short === 0) return "written";
    this.#record = { ...this.#record, short: 0 };
    return this.#inBackground([this.#deps.ledger.reign(this.#record)], true);
  }

  /** Saves the room, and says that it is free, and whose it is to be. */
  leave(next: string | undefined): Promise<Written> {
    const { ledger, writer } = this.#deps;
    const changes = this.#checkpoint();
    this.#record = { ...this.#record, released: true, next };
    return writer.write([...changes, ledger.reign(this.#record)]);
  }

  /** Its node has other rooms from now on. */
  notAlone(): void {
    if (!this.#record.alone) return;
    this.#record = { ...this.#record, alone: false };
    detach(this.#inBackground([this.#deps.ledger.reign(this.#record)], true), this.#deps.onError);
  }

  /** The reign before is none that counts: its node is there. */
  survived(reign: string): void {
    const { blamed, ledger, onError } = this.#deps;
    if (this.#isClosed || reign !== blamed || this.#hasSurvived || this.#record.short === 0) return;
    this.#hasSurvived = true;
    this.#record = { ...this.#record, short: this.#record.short - 1 };
    detach(this.#inBackground([ledger.reign(this.#record)], true), onError);
  }

  /** The room cannot go on, and whoever takes it next is to know. */
  stuck(why: string): Promise<Written> {
    return this.#deps.writer.write([this.#deps.ledger.stuck(why)]);
  }

  /** The log has, or may have, another epoch: what it then lacks is in this node's memory (R8). */
  checkEpoch(): void {
    if (this.#isChecking || this.#isClosed) return;
    this.#isChecking = true;
    detach(this.#check(), this.#deps.onError);
  }

  sawEpoch(epoch: string): void {
    if (epoch !== this.#record.epoch) this.checkEpoch();
  }

  stop(): void {
    this.#isClosed = true;
    this.#deps.clock.clearTimeout(this.#save);
  }

  async #check(): Promise<void> {
    const { broker, channel, clock, onError } = this.#deps;
    try {
      const { epochs } = await broker.readSlots(channel, { slots: [REIGN] }, roomLogOptions());
      const epoch = epochs.at(-1)?.epoch ?? "";
      if (epoch !== this.#record.epoch) await this.#restate(epoch);
      this.#isChecking = false;
    } catch (error) {
      onError(error);
      clock.setTimeout(() => {
        this.#isChecking = false;
        this.checkEpoch();
      }, RETRY_MS);
    }
  }

  /** Under the same reign: the log says again all that it may have lost, and players notice nothing. */
  async #restate(epoch: string): Promise<void> {
    const { broker, channel, renew, run, made, ledger } = this.#deps;
    if (!(await renew())) return;
    const { slots } = await readRoom(broker, channel);
    if (this.#isClosed) return;
    this.#record = { ...this.#record, epoch };
    await this.#inBackground(ledger.restate(slots, restated({ run, made, reign: this.#record })), false);
  }

  #seatChanges({ seats }: Made): Change[] {
    const { ledger, run } = this.#deps;
    return [...seats].flatMap((id) => {
      const shown = run.seats.get(id)?.shown;
      return ledger.seat(id, shown === undefined ? undefined : { user: shown.user, join: shown.join });
    });
  }

  #checkpoint(): Change[] {
    const { ledger, run, onTooLarge } = this.#deps;
    const bytes = checkpointOf(run);
    if (bytes === undefined) {
      onTooLarge();
      return [];
    }
    const changes = ledger.checkpoint(savedAt(run, this.#record.name), bytes);
    if (!isGoodAt(this.#record, run.tick)) return changes;
    this.#record = { ...this.#record, short: 0 };
    return [...changes, ledger.reign(this.#record)];
  }

  async #inBackground(changes: readonly Change[], quiet: boolean): Promise<Written> {
    const written = await this.#deps.writer.write(changes, { quiet });
    if (written !== "written") this.#deps.onWritten(written);
    return written;
  }
}
