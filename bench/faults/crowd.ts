/**
 * Clients in a process of their own: each is the real client library, listens to one channel, publishes to it in its
 * turn, and writes down what it sees.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { connect, type Client, type Stream } from "tidemark/client";
import type { TypedApp } from "tidemark/protocol";
import { expose } from "../lib/remote.js";
import { elapse } from "../lib/wait.js";
import { placeOf, type Note } from "./account.js";

/** A publisher and its sequence. */
export type Body = readonly [publisher: number, sequence: number];

type App = TypedApp<{
  channels: { "chat/:id": { kind: "stream"; input: Body; output: Body } };
  methods: Record<never, never>;
}>;

export interface CrowdOptions {
  readonly url: string;
  readonly clients: number;
  /** The number of the first one; so that all processes together have each number once. */
  readonly first: number;
}

interface Participant {
  readonly number: number;
  readonly rt: Client<App>;
  readonly chat: Stream<Body, Body>;
  sequence: number;
}

const notes: Note[] = [];
const unanswered = new Set<Promise<void>>();
let crowd: Participant[] = [];
let publishing: NodeJS.Timeout | undefined;
let turn = 0;
let acknowledged = 0;

const functions = {
  /** Resolves when all are subscribed. */
  async join({ url, clients, first }: CrowdOptions): Promise<void> {
    crowd = Array.from({ length: clients }, (_, i) => participant(url, first + i));
    await Promise.all(crowd.map(({ chat }) => chat.ready));
  },

  /** So many messages a second, by all in turn, until `rest`. */
  publish(rate: number): void {
    const began = performance.now();
    let done = 0;
    publishing = setInterval(() => {
      for (; done < ((performance.now() - began) * rate) / 1000; done++) void publishNext();
    }, 5);
  },

  /** So many messages, one after the other. */
  async publishEach(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await publishNext();
  },

  /** Publishes no more; resolves when everything is answered, with the highest offset of all answers. */
  async rest(): Promise<number> {
    clearInterval(publishing);
    await Promise.all(unanswered);
    return acknowledged;
  },

  /** Resolves when everybody has come as far as `head`, or with how many have not in `patience` milliseconds. */
  async settled({ head, patience }: { head: number; patience: number }): Promise<number> {
    const behind = (): number =>
      crowd.filter(({ chat }) => placeOf(chat.cursor ?? ":0").offset < head).length;
    const end = performance.now() + patience;
    while (behind() > 0 && performance.now() < end) await elapse(20);
    // What comes twice may come late.
    await elapse(300);
    return behind();
  },

  /** Goes, and writes what was seen into a file, a line each. */
  async leave(file: string): Promise<void> {
    for (const { rt } of crowd) rt.close();
    const out = createWriteStream(file);
    for (const note of notes) if (!out.write(`${JSON.stringify(note)}\n`)) await once(out, "drain");
    out.end();
    await once(out, "finish");
  },
};
export type Crowd = typeof functions;

function participant(url: string, number: number): Participant {
  const rt = connect<App>(url, { token: `user-${number}` });
  const chat = rt.stream("chat/:id", { id: "faults" });
  const complain = ({ code, message }: { code: string; message: string }): void => {
    notes.push(["complaint", Date.now(), number, `${code}: ${message}`]);
  };
  rt.on("error", complain);
  chat.on("error", complain);
  chat.on("unsubscribed", complain);
  chat.on("subscribed", () => void notes.push(["ready", Date.now(), number, chat.cursor ?? ""]));
  chat.on("message", ({ data: [publisher, sequence] }) => {
    notes.push(["message", Date.now(), number, chat.cursor ?? "", publisher, sequence]);
  });
  chat.on("gap", ({ after, reason }) => {
    notes.push(["gap", Date.now(), number, chat.cursor ?? "", after, reason]);
  });
  return { number, rt, chat, sequence: 0 };
}

function publishNext(): Promise<void> {
  const one = crowd[turn++ % crowd.length] as Participant;
  const sequence = ++one.sequence;
  notes.push(["publish", Date.now(), one.number, sequence]);
  const answer = one.chat.publish([one.number, sequence]).then(
    ({ offset }) => {
      acknowledged = Math.max(acknowledged, offset);
      notes.push(["ack", Date.now(), one.number, sequence, offset]);
    },
    ({ code }: { code: string }) => void notes.push(["refused", Date.now(), one.number, sequence, code]),
  );
  unanswered.add(answer);
  return answer.then(() => void unanswered.delete(answer));
}

expose(functions);
