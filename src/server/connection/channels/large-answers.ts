/**
 * Large answers of one connection: made and sent one at a time, so that the connection never holds more than one; and of one that
 * goes in parts never more than a part.
 */
import { TidemarkError } from "../../errors.js";
import { Chunk, type EncodedLine } from "../../delivery/chunk.js";
import type { OnError } from "../../guard.js";
import { TaskQueue, type TaskQueueOwner } from "../publish/task-queue.js";
import type { Outgoing } from "../../delivery/outgoing.js";

/** Whose answers they are: a connection. */
export interface LargeAnswersOwner {
  readonly out: Outgoing;
  readonly closed: boolean;
  /** Something failed that was done for the connection, which ends itself. */
  readonly abandon: OnError;
}

/** An answer: a line, or several. */
export type Answer = EncodedLine | AnswerInParts;

/** An answer that is too large for a line. */
export interface AnswerInParts {
  /** How many lines it has. */
  readonly parts: number;
  /** Makes one of them: called in order, when there is room for it. What it rejects with ends the answer, with an error. */
  part(index: number): Promise<EncodedLine>;
}

export class LargeAnswers implements TaskQueueOwner {
  readonly #owner: LargeAnswersOwner;
  readonly #queue = new TaskQueue(this);

  constructor(owner: LargeAnswersOwner) {
    this.#owner = owner;
  }

  /**
   * Makes the answer when its turn comes and sends it when there is room; then `answered` is called, or `failed`. `undefined`
   * is no answer.
   */
  add(
    make: () => Promise<Answer | undefined>,
    answered: () => void,
    failed: (thrown: unknown) => void,
  ): void {
    this.#queue.run(async () => {
      try {
        await this.#room();
        const answer = await make();
        if (answer !== undefined && "parts" in answer) await this.#sendParts(answer);
        else if (answer !== undefined) await this.#send(new Chunk([answer]));
        answered();
      } catch (error) {
        failed(error);
      }
    });
  }

  /** For the queue only. */
  queueIdle(): void {}

  /** For the queue only. */
  taskFailed(error: unknown): void {
    this.#owner.abandon(error);
  }

  async #sendParts(answer: AnswerInParts): Promise<void> {
    for (let index = 0; index < answer.parts && !this.#owner.closed; index++) {
      await this.#room();
      await this.#send(new Chunk([await answer.part(index)]));
    }
  }

  async #send(chunk: Chunk): Promise<void> {
    const { out } = this.#owner;
    if (chunk.size > out.most) {
      throw new TidemarkError(
        "too_large",
        `the answer has ${chunk.size} bytes, and a connection may hold ${out.most}`,
      );
    }
    // Always a turn later, also where there is some room: a loop that only promises keep going lets no socket drain.
    while (!this.#owner.closed && !out.offer(chunk)) await this.#drained();
  }

  #room(): Promise<void> | undefined {
    return this.#owner.closed || this.#owner.out.roomy ? undefined : this.#drained();
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => this.#owner.out.whenRoomy(resolve));
  }
}
