import type { Timer } from "../../../../protocol/index.js";
import { detach } from "../../../guard.js";
import type { Run } from "../run/run.js";
import type { Asked, Reply } from "./desk.js";
import { IdleWatch } from "./idle-watch.js";
import { Keeper } from "./keeper.js";
import { openDesk } from "./open-desk.js";
import type { End, ReigningDeps } from "./reigning-deps.js";
import { saveAsked } from "./save-asked.js";
import { Schedule } from "./schedule.js";
import type { Taken } from "./takeover.js";
import { Teller } from "./teller.js";
import { Tenure } from "./tenure.js";
import { makeSteps, makeTicks, type Made } from "./turn.js";
import type { Watching } from "../watch/steps.js";
import { Voice } from "./voice.js";
import { LogWriter, type Written } from "./writer.js";

/** One reign over one room, from the moment it may tick to its end. Nothing leaves it once its time is over, whatever is on its way. */
export class Reigning {
  /** What it has the log say. */
  readonly keeper: Keeper;
  readonly #deps: ReigningDeps;
  readonly #reign: Taken["reign"];
  readonly #run: Run;
  readonly #watching: Watching;
  readonly #tenure: Tenure;
  readonly #teller: Teller;
  readonly #voice: Voice;
  readonly #idle: IdleWatch;
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
  #stopDesk: (() => void) | undefined;

  constructor(deps: ReigningDeps, taken: Taken) {
    const { clock, broker, channel, settings, onError } = deps;
    const { reign, sent, record, run } = taken;
    this.#deps = deps;
    this.#reign = reign;
    this.#run = run;
    this.#watching = { marks: deps.marks, of: taken.watched };
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
      onEpoch: (epoch) => this.keeper.sawEpoch(epoch),
      onError,
    });
    this.keeper = new Keeper({
      broker,
      clock,
      channel,
      settings,
      run,
      record,
      writer,
      onError,
      ledger: taken.ledger,
      made: taken.made,
      blamed: taken.blamed,
      renew: () => this.#tenure.renew(),
      onWritten: (written) => this.#goesOn(written),
      onTooLarge: () =>
        deps.log.error(
          { room: channel, tick: run.tick },
          "a room is too large to be saved: it would be lost with this node",
        ),
    });
    this.#voice = new Voice({
      broker,
      clock,
      channel,
      reign: record.name,
      teller: this.#teller,
      onTold: deps.onTold,
      onError,
      onHeard: () => this.#tenure.heard(),
      onReset: () => this.keeper.checkEpoch(),
    });
    this.#idle = new IdleWatch(clock, {
      isIdle: () => run.seats.size === 0 && deps.desk.isEmpty,
      onIdle: () => detach(this.leave(), onError),
    });
    this.#begin(taken);
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

  /** Saves the room, for somebody who waits for that. One that is not answered is asked again, of whoever has the room then. */
  saveFor(asked: Asked): void {
    if (!this.isGood || this.#isLeaving) return;
    const { desk, onError } = this.#deps;
    detach(saveAsked(asked, { run: this.#run, keeper: this.keeper, desk }), onError);
  }

  /**
   * Ends it in good order: the room is saved, and whoever wants it next has it at once. Does nothing where it ends in another way first.
   *
   * @param next the node that it is handed to
   */
  leave(next?: string): Promise<void> {
    return this.#leave(next, { is: "released" });
  }

  /** A node that has players in it stood still in its code: the room is let go of, and whoever takes it next knows. */
  blame(why: string): void {
    this.#broke(new Error(why));
  }

  /** Ends it without a word, as the end of its process would. */
  drop(): void {
    this.#isOver = true;
    this.#stop();
  }

  #begin(taken: Taken): void {
    const { clock, desk, onError } = this.#deps;
    this.#stopDesk = openDesk(desk, clock, taken);
    this.#idle.look();
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
    const { clock, onTurn } = this.#deps;
    const began = clock.monotonic();
    const { tick } = this.#run;
    let late = 0;
    try {
      late = this.#make(began);
    } catch (error) {
      this.#broke(error);
    }
    onTurn({ ms: clock.monotonic() - began, ticks: this.#run.tick - tick, late });
    if (this.#isOver) return;
    this.#idle.look();
    this.#arm();
  }

  /** Returns how many ticks are late. */
  #make(now: number): number {
    const { desk, throwLog, settings, onError } = this.#deps;
    const { steps, skipped } = this.#schedule?.take(now) ?? { steps: 0, skipped: 0 };
    if (this.#schedule !== undefined && steps === 0) return 0;
    const made =
      this.#schedule === undefined
        ? makeSteps(this.#run, desk, this.#at, this.#watching)
        : makeTicks(this.#run, desk, steps, this.#watching);
    if (made === undefined) return 0;
    for (const one of made.threw) throwLog.add(one);
    this.#teller.add({ sends: made.sends, left: desk.explained(made.left), skipped });
    desk.keep(made.replies);
    if (made.closed !== undefined) detach(this.#close(made.closed), onError);
    else if (settings.keep === "inputs") this.#logThenTell(made);
    else this.#tellThenLog(made);
    return Math.max(0, steps - 1) + skipped;
  }

  /** Nothing of a turn is shown before what made it is in the log (R13). */
  #logThenTell(made: Made): void {
    this.keeper.saveLater();
    const changes = this.keeper.changesOf(made);
    if (changes.length === 0) return this.#tell(made.replies);
    this.#isBusy = true;
    detach(
      this.keeper.write(changes).then((written) => {
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
    this.keeper.writeSeats(made);
    if (made.wantsCheckpoint) this.keeper.save();
    else this.keeper.saveLater();
    if (!made.waitsForLog) return this.#tell(made.replies);
    this.#tell([]);
    const sendReplies = (written: Written): void => {
      if (written === "written" && !this.#isOver) this.#deps.desk.send(made.replies);
    };
    detach(this.keeper.seatsWritten.then(sendReplies), this.#deps.onError);
  }

  /** Ends the room for good. Nobody is told before it is in the log. */
  async #close(reason: string): Promise<void> {
    this.#isBusy = true;
    if (!this.#goesOn(await this.keeper.close(reason))) return;
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
    detach(this.keeper.stuck(String(error)).then(release), onError);
  }

  async #leave(next: string | undefined, end: End): Promise<void> {
    if (this.#isOver || this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.#isBusy) await new Promise<void>((resolve) => (this.#whenFree = resolve));
    if (this.#isOver || !this.#goesOn(await this.keeper.leave(next))) return;
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
    this.keeper.stop();
    this.#voice.close();
    this.#idle.stop();
    this.#stopDesk?.();
    clock.clearTimeout(this.#turn);
    this.#whenFree?.();
  }
}
