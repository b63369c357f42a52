import type { Broker } from "../../../../broker/index.js";
import type { Clock, Timer } from "../../../../protocol/index.js";
import { detach, type OnError } from "../../../guard.js";
import type { Logger } from "../../../logger.js";
import type { RoomSignal } from "../tick-message.js";
import type { Run } from "../run/run.js";
import type { Settings } from "../run/settings.js";
import type { Asked, Desk, Reply } from "./desk.js";
import { Keeper } from "./keeper.js";
import type { RoomMail } from "./mail.js";
import type { ReignRecord } from "./room-log.js";
import { Schedule } from "./schedule.js";
import type { Taken } from "./takeover.js";
import { Teller } from "./teller.js";
import { Tenure, type TenureEnd, type TenureOptions } from "./tenure.js";
import type { ThrowLog } from "./throw-log.js";
import { makeSteps, makeTicks, type Made } from "./turn.js";
import { Voice } from "./voice.js";
import { LogWriter, type Written } from "./writer.js";

/** A room without a seat is stopped after so long, in milliseconds; the next join takes it up again. */
export const IDLE_MS = 30_000;
/** How long after a takeover players whose nodes have not told of them are taken to be away, in milliseconds. */
export const TOLD_MS = 2000;
/** How long after a loss of data those who had a seat go before newcomers, in milliseconds. */
export const REST_MS = 1000;

/**
 * Why an owner does not reign any more. `late`, `lost`: see {@link TenureEnd}. `fenced`: a write was refused. `broken`: the room cannot
 * go on here. `closed`: it has ended for good. `released`: it is saved, and whoever wants it has it. `deaf`: the same, since its node does not hear itself.
 */
export type End =
  | { readonly is: TenureEnd | "fenced" | "broken" | "released" | "deaf" }
  | { readonly is: "closed"; readonly reason: string };

export interface ReigningDeps {
  readonly broker: Broker;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly times: TenureOptions;
  readonly channel: string;
  readonly settings: Settings;
  readonly desk: Desk;
  readonly mail: Pick<RoomMail, "post">;
  readonly throwLog: ThrowLog;
  readonly onError: OnError;
  /** Called with each message, for who is on this node. */
  readonly onTold: (signal: RoomSignal) => void;
  /** Milliseconds that a turn has taken. */
  readonly onSpent: (ms: number) => void;
  /** Called once, and never within a call of this one's. */
  readonly onEnd: (end: End) => void;
}

/** One reign over one room, from the moment it may tick to its end. Nothing leaves it once its time is over, whatever is on its way. */
export class Reigning {
  readonly #deps: ReigningDeps;
  readonly #reign: Taken["reign"];
  readonly #run: Run;
  readonly #tenure: Tenure;
  readonly #keeper: Keeper;
  readonly #teller: Teller;
  readonly #voice: Voice;
  readonly #schedule: Schedule | undefined;
  /** When it began, and what the room's own time was then. */
  readonly #began: number;
  readonly #beganAt: number;
  #isOver = false;
  /** What a turn has come to is being written, and nothing of it is shown yet. */
  #isBusy = false;
  /** It is to end, and nothing new begins. */
  #isLeaving = false;
  #isBroken = false;
  #isPoked = false;
  #whenFree: (() => void) | undefined;
  #turn: Timer;
  #idle: Timer;
  #told: Timer;
  #rest: Timer;

  constructor(deps: ReigningDeps, taken: Taken) {
    const { clock, broker, channel, settings, onError } = deps;
    const { reign, sent, record, run } = taken;
    this.#deps = deps;
    this.#reign = reign;
    this.#run = run;
    this.#began = clock.monotonic();
    this.#beganAt = run.time;
    this.#schedule = settings.rate === 0 ? undefined : new Schedule(settings.rate, this.#began);
    this.#teller = new Teller(run, record.name);
    this.#tenure = new Tenure({
      ...deps.times,
      clock,
      reign,
      sent,
      onEnd: (why) => this.#end({ is: why }),
      onDeaf: () => detach(this.#leave(undefined, { is: "deaf" }), onError),
      onRenewing: () => this.#voice.giveSign(),
      onError,
    });
    const writer = new LogWriter({
      broker,
      clock,
      channel,
      token: reign.token,
      reign: record.name,
      isGood: () => this.#tenure.isGood,
      onEpoch: (epoch) => this.#keeper.sawEpoch(epoch),
      onError,
    });
    this.#keeper = new Keeper({
      ...{ broker, clock, channel, settings, run, record, writer, onError },
      ledger: taken.ledger,
      made: taken.made,
      blamed: taken.blamed,
      renew: () => this.#tenure.renew(),
      onWritten: (written) => this.#goesOn(written),
      onTooLarge: () =>
        deps.log.error({ room: channel, tick: run.tick }, "a room is too large to be saved: it would be lost with this node"),
    });
    this.#voice = new Voice({
      ...{ broker, clock, channel, reign: record.name, teller: this.#teller, onTold: deps.onTold, onError },
      onHeard: () => this.#tenure.heard(),
      onReset: () => this.#keeper.checkEpoch(),
    });
    this.#begin(taken);
  }

  get record(): ReignRecord {
    return this.#keeper.record;
  }

  /** Whether it reigns now, as far as it may reckon. */
  get isGood(): boolean {
    return !this.#isOver && this.#tenure.isGood;
  }

  /** Something has come that enters the room. */
  poke(): void {
    if (this.#schedule !== undefined || this.#isPoked || this.#isOver) return;
    this.#isPoked = true;
    this.#deps.clock.setImmediate(() => {
      this.#isPoked = false;
      this.#takeTurn();
    });
  }

  /** Sends the room as it was told last. */
  sendKeyframe({ node, request }: Asked): void {
    if (!this.isGood) return;
    const { mail, channel } = this.#deps;
    const keyframe = this.#teller.keyframe(channel, request.id);
    if (keyframe !== undefined) mail.post(node, keyframe);
  }

  /** Its node has another room from now on: then this one is not to blame for what ends the node. */
  notAlone(): void {
    this.#keeper.notAlone();
  }

  /**
   * Ends it in good order: the room is saved, and whoever wants it next has it at once. Does nothing where it ends in another way first.
   *
   * @param next the node that it is handed to
   */
  leave(next?: string): Promise<void> {
    return this.#leave(next, { is: "released" });
  }

  /** Whoever had it before was cut off, and did not die of it (R9). */
  survived(reign: string): void {
    this.#keeper.survived(reign);
  }

  /** Ends it without a word, as the end of its process would. */
  drop(): void {
    this.#isOver = true;
    this.#stop();
  }

  #begin({ isKept, isAfterLoss, entering }: Taken): void {
    const { clock, desk, onError } = this.#deps;
    this.#told = clock.setTimeout(() => desk.awayUnlessTold(this.#run), TOLD_MS);
    desk.enter(entering);
    if (isKept) desk.sendLate();
    else if (isAfterLoss) {
      desk.rest();
      this.#rest = clock.setTimeout(() => desk.endRest(), REST_MS);
    }
    this.#watchIdle();
    if (this.#run.closed !== undefined) detach(this.#close(this.#run.closed), onError);
    this.#arm();
    this.poke();
  }

  /** The time of a room without ticks. */
  get #at(): number {
    return this.#beganAt + this.#deps.clock.monotonic() - this.#began;
  }

  #arm(): void {
    const { clock } = this.#deps;
    clock.clearTimeout(this.#turn);
    if (this.#isOver || this.#isLeaving || this.#isBusy) return;
    const schedule = this.#schedule;
    const due = schedule === undefined ? this.#run.due : schedule.due;
    if (due === undefined) return;
    const wait = due - (schedule === undefined ? this.#at : clock.monotonic());
    this.#turn = clock.setTimeout(() => this.#takeTurn(), Math.max(1, wait));
  }

  #takeTurn(): void {
    // First of all: whatever has kept this process from running, its time may be over (R3, R7).
    if (!this.isGood || this.#isBusy || this.#isLeaving) return;
    const { clock, onSpent } = this.#deps;
    const began = clock.monotonic();
    try {
      this.#make(began);
    } catch (error) {
      this.#broke(error);
    }
    onSpent(clock.monotonic() - began);
    this.#watchIdle();
    this.#arm();
  }

  #make(now: number): void {
    const { desk, throwLog, settings, onError } = this.#deps;
    const { steps, skipped } = this.#schedule?.take(now) ?? { steps: 0, skipped: 0 };
    if (this.#schedule !== undefined && steps === 0) return;
    const made = this.#schedule === undefined ? makeSteps(this.#run, desk, this.#at) : makeTicks(this.#run, desk, steps);
    if (made === undefined) return;
    for (const one of made.threw) throwLog.add(one);
    this.#teller.add({ sends: made.sends, left: made.left, skipped });
    desk.keep(made.replies);
    if (made.closed !== undefined) detach(this.#close(made.closed), onError);
    else if (settings.keep === "inputs") this.#logThenTell(made);
    else this.#tellThenLog(made);
  }

  /** Nothing of a turn is shown before what made it is in the log (R13). */
  #logThenTell(made: Made): void {
    this.#keeper.saveLater();
    const changes = this.#keeper.changesOf(made);
    if (changes.length === 0) return this.#tell(made.replies);
    this.#isBusy = true;
    detach(
      this.#keeper.write(changes).then((written) => {
        if (!this.#goesOn(written)) return;
        this.#tell(made.replies);
        this.#isBusy = false;
        this.#whenFree?.();
        this.#arm();
      }),
      (error) => this.#broke(error),
    );
  }

  /** What is lost with this node is taken back, but for seats: who was told of one has it (R12). */
  #tellThenLog(made: Made): void {
    this.#keeper.writeSeats(made);
    if (made.wantsCheckpoint) this.#keeper.save();
    else this.#keeper.saveLater();
    if (!made.givesSeat) return this.#tell(made.replies);
    this.#tell([]);
    const sendReplies = (written: Written): void => {
      if (written === "written" && !this.#isOver) this.#deps.desk.send(made.replies);
    };
    detach(this.#keeper.seatsWritten.then(sendReplies), this.#deps.onError);
  }

  /** Ends the room for good. Nobody is told before it is in the log. */
  async #close(reason: string): Promise<void> {
    this.#isBusy = true;
    if (!this.#goesOn(await this.#keeper.close(reason))) return;
    this.#tell([]);
    this.#deps.desk.sendLate();
    await this.#release({ is: "closed", reason });
  }

  /** Lets go of what a turn has come to, unless its time is over meanwhile: then nothing leaves (R3). */
  #tell(replies: readonly Reply[]): void {
    if (!this.isGood) return;
    if (this.#run.tick > this.#teller.tick) this.#voice.tell();
    this.#deps.desk.send(replies);
  }

  /** Whether what was written lets the reign go on. */
  #goesOn(written: Written): boolean {
    if (this.#isOver) return false;
    switch (written) {
      case "written":
        return true;
      case "fenced":
        this.#end({ is: "fenced" });
        return false;
      // Its tenure says so, and ends it.
      case "late":
        return false;
      case "full":
      case "refused":
        this.#broke(new Error(`a room's log does not take what is written to it: ${written}`));
        return false;
    }
  }

  /** Cannot go on, and says so in the log: whoever takes it next may fail as well, and then it ends. */
  #broke(error: unknown): void {
    if (this.#isOver || this.#isBroken) return;
    this.#isBroken = this.#isLeaving = true;
    const { log, channel, onError } = this.#deps;
    log.error({ room: channel, tick: this.#run.tick, error }, "a room cannot go on");
    const release = (): Promise<void> => this.#release({ is: "broken" });
    detach(this.#keeper.stuck(String(error)).then(release), onError);
  }

  async #leave(next: string | undefined, end: End): Promise<void> {
    if (this.#isOver || this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.#isBusy) await new Promise<void>((resolve) => (this.#whenFree = resolve));
    if (this.#isOver || !this.#goesOn(await this.#keeper.leave(next))) return;
    await this.#release(end);
  }

  async #release(end: End): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    try {
      await this.#reign.release();
    } catch (error) {
      // It ends by itself.
      this.#deps.onError(error);
    }
    this.#deps.clock.setImmediate(() => this.#deps.onEnd(end));
  }

  #end(end: End): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    this.#deps.clock.setImmediate(() => this.#deps.onEnd(end));
  }

  #stop(): void {
    const { clock } = this.#deps;
    this.#tenure.stop();
    this.#keeper.stop();
    this.#voice.close();
    for (const timer of [this.#turn, this.#idle, this.#told, this.#rest]) clock.clearTimeout(timer);
    this.#whenFree?.();
  }

  #watchIdle(): void {
    const { clock, desk, onError } = this.#deps;
    if (this.#isOver || this.#run.seats.size > 0) {
      clock.clearTimeout(this.#idle);
      this.#idle = undefined;
      return;
    }
    this.#idle ??= clock.setTimeout(() => {
      this.#idle = undefined;
      if (this.#run.seats.size === 0 && desk.isEmpty) detach(this.leave(), onError);
      else this.#watchIdle();
    }, IDLE_MS);
  }
}
