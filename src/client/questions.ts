import { utf8Length } from "../protocol/index.js";
import { createAlarm } from "./alarm.js";
import type { Core } from "./core.js";
import { TidemarkError, fromReply } from "./errors.js";
import { type Moment, elapsedSince, momentOf } from "./moment.js";
import { LOST } from "./wire.js";

/** Calls and reads: they wait for a connection, and for their answer, as long as `callTimeout` says. */
export interface Questions {
  /**
   * @param repeatable whether it may be asked again when the connection is lost: reading may, calling may not
   * @param bytes which follow its line
   */
  readonly ask: (body: string, repeatable: boolean, bytes?: Uint8Array) => Promise<unknown>;
  readonly online: () => void;
  readonly close: (error: TidemarkError) => void;
}

interface Question {
  readonly body: string;
  /** Whether it may be asked again. */
  readonly retry: boolean;
  readonly bytes: Uint8Array | undefined;
  readonly since: Moment;
  sent: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: TidemarkError) => void;
}

export function createQuestions({ clock, settings, wire }: Core): Questions {
  const { callTimeout, outbox } = settings;
  /** Oldest first, and so by deadline. */
  const open = new Set<Question>();
  const alarm = createAlarm(clock, expire);

  function send(question: Question): void {
    const { body, bytes } = question;
    if (!wire.open || question.sent) return;
    const problem = wire.tooLarge(utf8Length(body) + (bytes?.length ?? 0));
    if (problem) {
      reject(question, problem);
      return;
    }
    question.sent = true;
    wire.request(
      body,
      (error, result) => {
        if (error === LOST && question.retry) question.sent = false;
        else if (error) reject(question, fromReply(error));
        else if (open.delete(question)) question.resolve(result);
      },
      bytes,
    );
  }

  function reject(question: Question, error: TidemarkError): void {
    if (open.delete(question)) question.reject(error);
  }

  function expire(): number | undefined {
    for (const question of open) {
      const left = callTimeout - elapsedSince(clock, question.since);
      if (left > 0) return left;
      reject(question, tooLate(question));
    }
    return undefined;
  }

  function tooLate({ sent, retry }: Question): TidemarkError {
    const unknown = sent && !retry;
    const code = unknown ? "outcome_unknown" : wire.open ? "timeout" : "offline";
    return new TidemarkError(code, `no answer within ${callTimeout} ms`, { retry: !unknown });
  }

  return {
    ask(body, repeatable, bytes) {
      if (open.size >= outbox.messages) {
        const message = `${open.size} calls wait for answers`;
        return Promise.reject(new TidemarkError("outbox_full", message, { retry: true }));
      }
      return new Promise((resolve, fail) => {
        const question: Question = {
          body,
          retry: repeatable,
          bytes,
          since: momentOf(clock),
          sent: false,
          resolve,
          reject: fail,
        };
        open.add(question);
        alarm.within(callTimeout);
        send(question);
      });
    },
    online() {
      alarm.look();
      open.forEach(send);
    },
    close(error) {
      alarm.stop();
      for (const question of open) reject(question, error);
    },
  };
}
