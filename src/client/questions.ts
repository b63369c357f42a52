import type { Clock } from "../protocol/index.js";
import { Alarm } from "./alarm.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import type { Settings } from "./options.js";
import type { Wire } from "./wire.js";

/** Something that is asked once and answered once. */
interface Question {
  readonly body: string;
  /** Whether it may be asked again when the connection is lost: reading may, calling may not. */
  readonly repeatable: boolean;
  readonly asked: Moment;
  sent: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: TidemarkError) => void;
}

/** Calls and reads: they wait for a connection, and for their answer, as long as `callTimeout` says. */
export class Questions {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #wire: Wire;
  /** Oldest first, and so by deadline. */
  readonly #open = new Set<Question>();
  readonly #alarm: Alarm;

  constructor(clock: Clock, settings: Settings, wire: Wire) {
    this.#clock = clock;
    this.#settings = settings;
    this.#wire = wire;
    this.#alarm = new Alarm(clock, () => this.#expire());
  }

  ask(body: string, repeatable: boolean): Promise<unknown> {
    if (this.#open.size >= this.#settings.outbox.messages) {
      const message = `${this.#open.size} calls wait for their answer already`;
      return Promise.reject(new TidemarkError("outbox_full", message, { retry: true }));
    }
    return new Promise((resolve, reject) => {
      const asked = momentOf(this.#clock);
      const question: Question = { body, repeatable, asked, sent: false, resolve, reject };
      this.#open.add(question);
      this.#alarm.within(this.#settings.callTimeout);
      if (this.#wire.open) this.#send(question);
    });
  }

  online(): void {
    this.#alarm.look();
    for (const question of this.#open) if (!question.sent && this.#wire.open) this.#send(question);
  }

  close(error: TidemarkError): void {
    this.#alarm.stop();
    for (const question of this.#open) this.#reject(question, error);
  }

  #send(question: Question): void {
    question.sent = true;
    this.#wire.request(question.body, {
      ok: (result) => {
        if (this.#open.delete(question)) question.resolve(result);
      },
      error: (error) => this.#reject(question, fromReply(error)),
      lost: () => {
        if (question.repeatable) question.sent = false;
        else this.#reject(question, outcomeUnknown("the connection was lost before the answer came"));
      },
    });
  }

  #expire(): number | undefined {
    for (const question of this.#open) {
      const left = this.#settings.callTimeout - elapsedSince(this.#clock, question.asked);
      if (left > 0) return left;
      this.#reject(question, this.#tooLate(question));
    }
    return undefined;
  }

  #tooLate(question: Question): TidemarkError {
    const within = `within ${this.#settings.callTimeout} ms`;
    if (question.sent && !question.repeatable) return outcomeUnknown(`no answer came ${within}`);
    return this.#wire.open
      ? new TidemarkError("timeout", `no answer came ${within}`, { retry: true })
      : new TidemarkError("offline", `there was no connection ${within}`, { retry: true });
  }

  #reject(question: Question, error: TidemarkError): void {
    if (this.#open.delete(question)) question.reject(error);
  }
}

function outcomeUnknown(message: string): TidemarkError {
  return new TidemarkError("outcome_unknown", message);
}
