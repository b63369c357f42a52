/** A question to all nodes: asked by one, answered by each of them, and by those that are not there in time not at all. */
import type { Broker } from "../../broker/index.js";
import type { Clock, Random, Timer } from "../../protocol/index.js";
import { detach, guarded, type OnError } from "../guard.js";

/** How long the other nodes have to answer, in milliseconds. */
const PATIENCE_MS = 1000;

/** What questions and answers have on the wire besides what they say. */
interface Named {
  readonly id: string;
  readonly from: string;
}

interface Asked<Answer> {
  /** The nodes that have not answered. */
  readonly missing: Set<string>;
  readonly answers: Answer[];
  readonly timer: Timer;
  readonly end: () => void;
}

export interface SurveyDeps<Question extends object, Answer extends object> {
  readonly broker: Pick<Broker, "node" | "nodes" | "send" | "listen">;
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
  /** Begins its texts, so that others are not taken for these. */
  readonly name: string;
  /** What this node says. */
  readonly answer: (question: Question) => Answer;
  /** Told when an answer could not be sent; who asked will not wait long. */
  readonly onError: OnError;
}

/** How many servers there are, and how many have answered. */
export interface NodesAsked {
  readonly asked: number;
  readonly answered: number;
}

/** What has come of a question. */
export interface Surveyed<Answer> {
  /** This node's is the first. */
  readonly answers: readonly Answer[];
  readonly nodes: NodesAsked;
}

/** @example const { answers, nodes } = await new Survey({ …, name: "count", answer: (page) => count(page) }).ask(page) */
export class Survey<Question extends object, Answer extends object> {
  readonly #deps: SurveyDeps<Question, Answer>;
  readonly #question: string;
  readonly #answer: string;
  readonly #asked = new Map<string, Asked<Answer>>();
  readonly #stop: () => void;

  constructor(deps: SurveyDeps<Question, Answer>) {
    this.#deps = deps;
    this.#question = `${deps.name}? `;
    this.#answer = `${deps.name}! `;
    this.#stop = deps.broker.listen(guarded((text) => this.#read(text), deps.onError));
  }

  /** What all nodes say that answer within a second. Rejects with the broker's error. */
  async ask(question: Question): Promise<Surveyed<Answer>> {
    const { broker, clock, random, answer } = this.#deps;
    const others = (await broker.nodes()).map(({ id }) => id).filter((id) => id !== broker.node);
    const answers: Answer[] = [];
    if (others.length > 0) {
      const id = random.id();
      const answered = new Promise<void>((end) => {
        const timer = clock.setTimeout(end, PATIENCE_MS);
        this.#asked.set(id, { missing: new Set(others), answers, timer, end });
      });
      const asked: Question & Named = { ...question, id, from: broker.node };
      try {
        await broker.send("*", this.#question + JSON.stringify(asked));
        await answered;
      } finally {
        clock.clearTimeout(this.#asked.get(id)?.timer);
        this.#asked.delete(id);
      }
    }
    return {
      answers: [answer(question), ...answers],
      nodes: { asked: others.length + 1, answered: answers.length + 1 },
    };
  }

  /** Answers nobody any more, and waits for nobody. */
  close(): void {
    this.#stop();
    for (const { end } of this.#asked.values()) end();
  }

  #read(text: string): void {
    if (text.startsWith(this.#question))
      this.#reply(JSON.parse(text.slice(this.#question.length)) as Question & Named);
    else if (text.startsWith(this.#answer))
      this.#take(JSON.parse(text.slice(this.#answer.length)) as Answer & Named);
  }

  #reply(question: Question & Named): void {
    const { broker, answer, onError } = this.#deps;
    const { id, from } = question;
    if (from === broker.node) return;
    const answered: Answer & Named = { ...answer(question), id, from: broker.node };
    detach(broker.send(from, this.#answer + JSON.stringify(answered)), onError);
  }

  #take(answer: Answer & Named): void {
    const asked = this.#asked.get(answer.id);
    if (asked === undefined || !asked.missing.delete(answer.from)) return;
    asked.answers.push(answer);
    if (asked.missing.size === 0) asked.end();
  }
}
