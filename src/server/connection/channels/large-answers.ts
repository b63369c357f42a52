/** Large answers of one connection: made and sent one at a time, so that the connection never holds more than one. */
import { TidemarkError } from "../../errors.js";
import { Chunk, type EncodedLine } from "../../delivery/chunk.js";
import type { OnError } from "../../guard.js";
import type { ServerNode } from "../node.js";
import { TaskQueue, type TaskQueueOwner } from "../publish/task-queue.js";
import type { Outgoing } from "../../delivery/outgoing.js";

/** Whose answers they are: a connection. */
export interface LargeAnswersOwner {
  readonly node: ServerNode;
  readonly out: Outgoing;
  readonly closed: boolean;
  /** Something failed that was done for the connection, which ends itself. */
  readonly abandon: OnError;
}

/** What an answer counts in a turn: about as much as a hundred commands. */
const ANSWER = 100;

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
    make: () => Promise<EncodedLine | undefined>,
    answered: () => void,
    failed: (thrown: unknown) => void,
  ): void {
    this.#queue.run(async () => {
      try {
        await this.#room();
        // Others are sent some as well: however many they are, each turn makes some.
        await this.#owner.node.background.room(ANSWER);
        const line = await make();
        if (line !== undefined) await this.#send(new Chunk([line]));
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
