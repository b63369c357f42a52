/** Counts what all nodes have: asks each of them, and adds up what they answer in time. */
import type { Broker } from "../../broker/index.js";
import type { Clock, Random, Timer } from "../../protocol/index.js";
import type { ActiveChannel } from "../feed/active-channel.js";
import { detach, guarded } from "../guard.js";
import { addUp, countChannels, type ChannelCount, type Counted, type PageOfNames } from "./count.js";

/** How long the other nodes have to answer, in milliseconds. */
const PATIENCE_MS = 1000;

/** Channels that somebody is subscribed to. */
export interface ActiveChannels {
  /** In the order of their names. */
  readonly channels: readonly ChannelCount[];
  /** What `after` has to be for those that follow; missing on the last page. */
  readonly next?: string;
  /** How many servers there are, and how many have answered. Where these differ, some subscribers are not counted. */
  readonly nodes: { readonly asked: number; readonly answered: number };
}

/** So that other texts between nodes are not taken for these. */
const ASK = "count? ";
const ANSWER = "count! ";

interface Question extends PageOfNames {
  readonly id: string;
  readonly from: string;
}

interface Answer extends Counted {
  readonly id: string;
  readonly from: string;
}

interface Asked {
  /** The nodes that have not answered. */
  readonly missing: Set<string>;
  readonly answers: Counted[];
  readonly timer: Timer;
  readonly end: () => void;
}

export interface InspectorDeps {
  readonly broker: Broker;
  readonly clock: Clock;
  readonly random: Random;
  /** The channels of this node. */
  readonly channels: Iterable<ActiveChannel>;
  /** Told when an answer could not be sent; who asked will not wait long. */
  readonly onError: (error: unknown) => void;
}

export class Inspector {
  readonly #deps: InspectorDeps;
  readonly #asked = new Map<string, Asked>();
  readonly #stop: () => void;

  constructor(deps: InspectorDeps) {
    this.#deps = deps;
    this.#stop = deps.broker.listen(
      guarded((text) => {
        if (text.startsWith(ASK)) this.#answer(JSON.parse(text.slice(ASK.length)) as Question);
        else if (text.startsWith(ANSWER)) this.#take(JSON.parse(text.slice(ANSWER.length)) as Answer);
      }, deps.onError),
    );
  }

  /** A page of what all nodes have. Rejects with the broker's error. */
  async count(page: PageOfNames): Promise<ActiveChannels> {
    const { broker, clock, random } = this.#deps;
    const others = (await broker.nodes()).map(({ id }) => id).filter((id) => id !== broker.node);
    const answers: Counted[] = [];
    if (others.length > 0) {
      const id = random.id();
      const question: Question = { ...page, id, from: broker.node };
      const answered = new Promise<void>((end) => {
        const timer = clock.setTimeout(end, PATIENCE_MS);
        this.#asked.set(id, { missing: new Set(others), answers, timer, end });
      });
      try {
        await broker.send("*", ASK + JSON.stringify(question));
        await answered;
      } finally {
        clock.clearTimeout(this.#asked.get(id)?.timer);
        this.#asked.delete(id);
      }
    }
    const { channels, more } = addUp([countChannels(this.#deps.channels, page), ...answers], page);
    const next = more ? channels.at(-1)?.channel : undefined;
    return {
      channels,
      ...(next !== undefined && { next }),
      nodes: { asked: others.length + 1, answered: answers.length + 1 },
    };
  }

  /** Answers nobody any more, and waits for nobody. */
  close(): void {
    this.#stop();
    for (const { end } of this.#asked.values()) end();
  }

  #answer({ id, from, ...page }: Question): void {
    const { broker, channels, onError } = this.#deps;
    if (from === broker.node) return;
    const answer: Answer = { id, from: broker.node, ...countChannels(channels, page) };
    detach(broker.send(from, ANSWER + JSON.stringify(answer)), onError);
  }

  #take({ id, from, channels, more }: Answer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined || !asked.missing.delete(from)) return;
    asked.answers.push({ channels, more });
    if (asked.missing.size === 0) asked.end();
  }
}
