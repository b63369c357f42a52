/** What is asked of the owner of a room by somebody who only wants an answer, or none: matchmaking. */
import type { Clock } from "../../../protocol/index.js";
import type { OnError } from "../../guard.js";
import type { Answer, Ask } from "./messages.js";
import type { AskedOwner, OwnerAsks } from "./owner-asks.js";

/** How long it waits before it tries again what the broker did not answer, in milliseconds. */
const PAUSE_MS = 50;
/** How long an answer is waited for in all. */
const PATIENCE_MS = 5000;

export interface InquiriesDeps {
  readonly asks: Pick<OwnerAsks, "ask">;
  /** Its timers never throw. */
  readonly clock: Clock;
  readonly onError: OnError;
}

export interface InquiryOptions {
  /** Whether somebody is to own the room if nobody does. Default false: then there is no answer. */
  readonly wake?: boolean;
  /** What it is made for, where it is woken and nobody has made it. */
  readonly match?: ReadonlyMap<string, string>;
  /** Milliseconds. Default 5 s. */
  readonly patience?: number;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

export class Inquiries {
  readonly #deps: InquiriesDeps;
  #isClosed = false;

  constructor(deps: InquiriesDeps) {
    this.#deps = deps;
  }

  /**
   * Asks the owner of a room. It never rejects. What is answered in time is carried out once, however often it was sent.
   *
   * @returns undefined where there was no answer in time: it may have been carried out
   */
  async ask(
    channel: string,
    ask: Ask,
    { wake = false, match = NOTHING, patience = PATIENCE_MS }: InquiryOptions = {},
  ): Promise<Answer | undefined> {
    const { asks, clock, onError } = this.#deps;
    const until = clock.monotonic() + patience;
    for (;;) {
      const left = until - clock.monotonic();
      if (this.#isClosed || left <= 0) return undefined;
      try {
        return answerOf(channel, await asks.ask(channel, ask, { wake, match, patience: left }));
      } catch (error) {
        onError(error);
      }
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, PAUSE_MS);
      });
    }
  }

  close(): void {
    this.#isClosed = true;
  }
}

function answerOf(channel: string, asked: AskedOwner): Answer | undefined {
  switch (asked.is) {
    case "answered":
      return asked.answer;
    case "closed":
      return refusal(channel, "room_closed", asked.reason);
    case "refused":
      return asked.placement.refused === "room_full"
        ? refusal(channel, "room_full", asked.placement.reason)
        : undefined;
    case "none":
    case "stopped":
    case "silent":
      return undefined;
  }
}

function refusal(channel: string, code: Answer["code"], reason: string | undefined): Answer {
  return { is: "answer", channel, id: "", code, last: undefined, reason };
}
