import type { BrokerError } from "../contract.js";
import type { FRAME } from "./wire.js";

/** A call without its answer. */
export interface Call {
  readonly type: typeof FRAME.append | typeof FRAME.change | typeof FRAME.call | typeof FRAME.callInTime;
  readonly body: readonly Buffer[];
  /** In steady time. */
  readonly deadline: number;
  sent: boolean;
  readonly done: (result: unknown) => void;
  readonly fail: (error: BrokerError) => void;
}

/** Calls that may wait; a node that lets more pile up is not helped by waiting. */
const MAX_CALLS = 65_536;

/** A worker's calls that have no answer yet, by their numbers. */
export class PendingCalls {
  readonly #calls = new Map<number, Call>();
  #last = 0;

  get isFull(): boolean {
    return this.#calls.size >= MAX_CALLS;
  }

  /** Returns the call's number. */
  add(call: Call): number {
    const id = (this.#last = (this.#last % 0xffff_ffff) + 1);
    this.#calls.set(id, call);
    return id;
  }

  /** The call that an answer begins with the number of; it waits no more. */
  take(answer: Buffer): Call | undefined {
    const id = answer.readUInt32BE(0);
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }

  /** Hands those that were not sent yet to `send`, which marks them. */
  sendAll(send: (id: number, call: Call) => void): void {
    for (const [id, call] of this.#calls) if (!call.sent) send(id, call);
  }

  fail(which: (call: Call) => boolean, error: BrokerError): void {
    for (const [id, call] of this.#calls) {
      if (!which(call)) continue;
      this.#calls.delete(id);
      call.fail(error);
    }
  }
}
