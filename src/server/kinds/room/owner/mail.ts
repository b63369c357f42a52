import type { Broker } from "../../../../broker/index.js";
import type { Clock } from "../../../../protocol/index.js";
import { detach, guarded, type OnError } from "../../../guard.js";
import { decodeLetter, encodeLetter, type LetterItem } from "../messages.js";

/** Told of each item that comes, with the node it comes from; this node's own included. */
export type OnItem = (item: LetterItem, from: string) => void;

export interface MailDeps {
  readonly broker: Pick<Broker, "node" | "send" | "listen">;
  readonly clock: Pick<Clock, "setImmediate">;
  /** Told of letters that cannot be read or sent, and of what a listener throws. */
  readonly onError: OnError;
}

/**
 * What this node and the others tell each other about rooms; one for all rooms of a node. All that is posted for a node in one turn
 * goes as one letter. What is for this node itself never meets the broker.
 *
 * @example
 * const stop = mail.listen((item, from) => { if (item.is === "keyframe") show(item); });
 * mail.post(owner, { is: "batch", channel, reign, inputs, seen: [], requests: [] });
 */
export class RoomMail {
  readonly #deps: MailDeps;
  readonly #stop: () => void;
  #outgoing = new Map<string, LetterItem[]>();
  #listeners: readonly OnItem[] = [];
  /** Items from newer versions that this one does not know. */
  #unknown = 0;

  constructor(deps: MailDeps) {
    this.#deps = deps;
    this.#stop = deps.broker.listen(guarded((text) => this.#read(text), deps.onError));
  }

  /** How many items this version has not understood. */
  get unknown(): number {
    return this.#unknown;
  }

  /** Sends something with this turn's letter. It may be lost, and nobody is told. */
  post(node: string, item: LetterItem): void {
    if (this.#outgoing.size === 0) this.#deps.clock.setImmediate(() => this.flush());
    const items = this.#outgoing.get(node);
    if (items === undefined) this.#outgoing.set(node, [item]);
    else items.push(item);
  }

  /** Returns the way to stop. */
  listen(onItem: OnItem): () => void {
    const { onError } = this.#deps;
    const own: OnItem = (item, from) => guarded((it: LetterItem) => onItem(it, from), onError)(item);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  close(): void {
    this.#stop();
    this.#listeners = [];
    this.#outgoing.clear();
  }

  /** Sends what was posted in this turn, now. */
  flush(): void {
    const { broker, onError } = this.#deps;
    const outgoing = this.#outgoing;
    this.#outgoing = new Map();
    for (const [node, items] of outgoing) {
      if (node === broker.node) for (const item of items) this.#tell(item, node);
      else guarded((sent: readonly LetterItem[]) => this.#send(node, sent), onError)(items);
    }
  }

  #send(node: string, items: readonly LetterItem[]): void {
    const { broker, onError } = this.#deps;
    detach(broker.send(node, encodeLetter({ from: broker.node, items })), onError);
  }

  #read(text: string): void {
    const letter = decodeLetter(text);
    if (letter === undefined) return;
    this.#unknown += letter.unknown;
    for (const item of letter.items) this.#tell(item, letter.from);
  }

  #tell(item: LetterItem, from: string): void {
    for (const onItem of this.#listeners) onItem(item, from);
  }
}
