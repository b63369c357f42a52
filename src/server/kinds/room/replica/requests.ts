/** What a node asks of a room's owner: sent again until it is answered, since nothing that nodes send each other is sure to come. */
import type { Clock, Timer } from "../../../../protocol/index.js";
import type { Answer, Ask, Request } from "../messages.js";

/** How long an answer is waited for before the request is sent again, in milliseconds. */
export const AGAIN_MS = 500;
/** How long it is waited for in all. */
export const PATIENCE_MS = 5000;

export interface RequestsDeps {
  readonly clock: Clock;
  /** Begins the names of this place's requests: nobody else has it. */
  readonly name: string;
  /** There is something to send. */
  readonly soon: () => void;
}

interface Asked {
  readonly request: Request;
  readonly resolve: (answer: Answer | undefined) => void;
  timer: Timer;
  /** Whether it is to be sent. */
  isDue: boolean;
  /** When it is given up, on the monotonic clock. */
  readonly until: number;
}

export class Requests {
  readonly #deps: RequestsDeps;
  readonly #asked = new Map<string, Asked>();
  #number = 0;
  #isClosed = false;

  constructor(deps: RequestsDeps) {
    this.#deps = deps;
  }

  /** How many are not answered. */
  get size(): number {
    return this.#asked.size;
  }

  /**
   * Asks for something. It never rejects.
   *
   * @param patience milliseconds; `Infinity` for what matters as long as the place is there
   * @returns the answer; undefined where none came in time, or the place was closed: it may have been carried out
   */
  ask(ask: Ask, patience = PATIENCE_MS): Promise<Answer | undefined> {
    const { clock, name, soon } = this.#deps;
    if (this.#isClosed) return Promise.resolve(undefined);
    const id = `${name}.${++this.#number}`;
    return new Promise((resolve) => {
      const until = clock.monotonic() + patience;
      const asked: Asked = { request: { id, ask }, resolve, timer: undefined, isDue: true, until };
      this.#asked.set(id, asked);
      this.#wait(asked);
      soon();
    });
  }

  /** Those that are to be sent now. */
  due(): readonly Request[] {
    const due: Request[] = [];
    for (const asked of this.#asked.values()) {
      if (!asked.isDue) continue;
      asked.isDue = false;
      due.push(asked.request);
    }
    return due;
  }

  /** An answer has come; to a request that has one, or was given up, it is none. */
  answer(answer: Answer): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined) return;
    // Neither is an end: somebody else is to be asked, or the same one again. But an event is good for one reign.
    const isEvent = asked.request.ask.is === "send";
    if (answer.code === "unavailable" || (answer.code === "room_moved" && !isEvent)) return;
    this.#end(asked, answer);
  }

  /** Another owner reigns: all are sent once more. */
  again(): void {
    for (const asked of this.#asked.values()) asked.isDue = true;
    if (this.#asked.size > 0) this.#deps.soon();
  }

  /** There is nobody who could answer: this is what all who wait to join are told. */
  refuseJoins(code: Answer["code"], reason?: string): void {
    for (const asked of this.#asked.values()) {
      const { ask, id } = asked.request;
      if (ask.is !== "join") continue;
      this.#end(asked, { is: "answer", channel: "", id, code, last: undefined, reason });
    }
  }

  /** Nothing is answered any more. */
  close(): void {
    this.#isClosed = true;
    for (const asked of this.#asked.values()) this.#end(asked, undefined);
  }

  #wait(asked: Asked): void {
    const { clock, soon } = this.#deps;
    const left = asked.until - clock.monotonic();
    asked.timer = clock.setTimeout(
      () => {
        if (clock.monotonic() >= asked.until) return this.#end(asked, undefined);
        asked.isDue = true;
        this.#wait(asked);
        soon();
      },
      Math.min(AGAIN_MS, left),
    );
  }

  #end(asked: Asked, answer: Answer | undefined): void {
    this.#deps.clock.clearTimeout(asked.timer);
    this.#asked.delete(asked.request.id);
    asked.resolve(answer);
  }
}
