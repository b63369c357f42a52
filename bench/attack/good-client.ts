/**
 * Those who want nothing but their service: a client that publishes to a channel and listens to it, one that does so with
 * text keys and no library, and newcomers. In a process of their own.
 */
import { connect, type Client, type Stream } from "tidemark/client";
import { WebSocket } from "ws";
import { expose } from "../lib/remote.js";
import { elapse } from "../lib/wait.js";

/** Messages a second. */
const RATE = 40;
/** Milliseconds between two publishes with a text key. */
const TEXT_KEYS_MS = 250;

/** What the good client had of its service. */
export interface Service {
  /** Milliseconds from a publish to its own delivery. */
  readonly delays: readonly number[];
  /** What was refused to it, in words. */
  readonly refused: readonly string[];
}

let address = "";
let rt: Client | undefined;
let chat: Stream | undefined;
let plain: WebSocket | undefined;
let newcomers: Client[] = [];
let count = 0;
const sent = new Map<number, number>();
let delays: number[] = [];
let refused: string[] = [];

const functions = {
  /** Resolves when it is there. */
  async join(url: string): Promise<void> {
    address = url;
    rt = connect(url);
    rt.on("error", ({ code, message }) => refused.push(`${code}: ${message}`));
    rt.on("status", (status) => {
      if (status !== "online") refused.push(`is ${status}`);
    });
    chat = rt.stream("chat/good");
    chat.on("message", ({ data }) => {
      const at = sent.get(data as number);
      if (at !== undefined) delays.push(performance.now() - at);
      sent.delete(data as number);
    });
    await chat.ready;
    await joinPlainly(url);
    await use(1);
    refused = [];
  },

  /** Uses the service for so many seconds. What was not delivered by then has taken as long as it has waited. */
  async use(seconds: number): Promise<Service> {
    return use(seconds);
  },

  /** So many newcomers at once: milliseconds until each was online, `patience` at most. */
  async arrive({ many, patience }: { many: number; patience: number }): Promise<number[]> {
    const from = performance.now();
    const each = Array.from({ length: many }, async () => {
      const newcomer = connect(address);
      newcomers.push(newcomer);
      const there = new Promise<void>((resolve) => {
        newcomer.on("status", (status) => {
          if (status === "online") resolve();
        });
      });
      await Promise.race([there, elapse(patience)]);
      return Math.min(patience, performance.now() - from);
    });
    return Promise.all(each);
  },

  /** The newcomers go. */
  leave(): void {
    for (const newcomer of newcomers) newcomer.close();
    newcomers = [];
  },
};
export type GoodClient = typeof functions;

async function use(seconds: number): Promise<Service> {
  delays = [];
  refused = [];
  sent.clear();
  const from = performance.now();
  let done = 0;
  const timer = setInterval(() => {
    for (; done < ((performance.now() - from) * RATE) / 1000; done++) publish();
  }, 5);
  const plainly = setInterval(publishPlainly, TEXT_KEYS_MS);
  await elapse(seconds * 1000);
  clearInterval(timer);
  clearInterval(plainly);
  await elapse(300);
  for (const at of sent.values()) delays.push(performance.now() - at);
  return { delays, refused };
}

function publish(): void {
  const number = count++;
  sent.set(number, performance.now());
  chat?.publish(number).catch(({ code, message }: { code: string; message: string }) => {
    refused.push(`${code}: ${message}`);
  });
}

async function joinPlainly(url: string): Promise<void> {
  const socket = (plain = new WebSocket(url));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send('{"id":0,"connect":{}}');
  socket.on("message", (data) => {
    const text = (data as Buffer).toString();
    for (const line of text.split("\n")) {
      if (line.includes('"error"')) refused.push(`with a text key: ${line.slice(0, 120)}`);
    }
  });
  socket.on("close", (code) => refused.push(`closed with ${code}`));
}

function publishPlainly(): void {
  const number = count++;
  plain?.send(`{"id":${number},"publish":"chat/good","data":"plain","idem":"good-${number}"}`);
}

expose(functions);
