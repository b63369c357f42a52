/** Counts what all nodes have: asks each of them, and adds up what they answer in time. */
import type { Broker } from "../../broker/index.js";
import type { Clock, Random } from "../../protocol/index.js";
import type { ActiveChannel } from "../feed/active-channel.js";
import { addUp, countChannels, type ChannelCount, type Counted, type PageOfNames } from "./count.js";
import { Survey, type NodesAsked } from "./survey.js";

/** Channels that somebody is subscribed to. */
export interface ActiveChannels {
  /** In the order of their names. */
  readonly channels: readonly ChannelCount[];
  /** What `after` has to be for those that follow; missing on the last page. */
  readonly next?: string;
  /** How many servers there are, and how many have answered. Where these differ, some subscribers are not counted. */
  readonly nodes: NodesAsked;
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
  readonly #survey: Survey<PageOfNames, Counted>;

  constructor({ channels, ...deps }: InspectorDeps) {
    this.#survey = new Survey({ ...deps, name: "count", answer: (page) => countChannels(channels, page) });
  }

  /** A page of what all nodes have. Rejects with the broker's error. */
  async count(page: PageOfNames): Promise<ActiveChannels> {
    const { answers, nodes } = await this.#survey.ask(page);
    const { channels, more } = addUp(answers, page);
    const next = more ? channels.at(-1)?.channel : undefined;
    return { channels, ...(next !== undefined && { next }), nodes };
  }

  /** Answers nobody any more, and waits for nobody. */
  close(): void {
    this.#survey.close();
  }
}
