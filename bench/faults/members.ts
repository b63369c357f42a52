/** Members of one channel, in a process of their own: some who only sit there, some who watch who comes and goes. */
import { once } from "node:events";
import { connect, type Stream } from "tidemark/client";
import { WebSocket } from "ws";
import { expose } from "../lib/remote.js";

export interface MembersOptions {
  readonly url: string;
  readonly names: readonly string[];
}

interface Watcher {
  readonly room: Stream;
  /** When it was told of a leave last, in milliseconds since 1970, and who had left by then. */
  lastLeave: number;
  readonly left: Set<string>;
}

const CHANNEL = "room/faults";
const sitting: WebSocket[] = [];
const watchers: Watcher[] = [];

const functions = {
  /** They take no notice of what they are told: a thousand that do would be a benchmark of clients. */
  async sit({ url, names }: MembersOptions): Promise<void> {
    for (const token of names) {
      const socket = new WebSocket(url);
      socket.on("error", () => {});
      sitting.push(socket);
      await once(socket, "open");
      socket.send(JSON.stringify({ id: 1, connect: { token, subs: { [CHANNEL]: {} } } }));
      await once(socket, "message");
    }
  },

  async watch({ url, names }: MembersOptions): Promise<void> {
    for (const token of names) {
      const room: Stream = connect(url, { token }).stream(CHANNEL);
      const watcher: Watcher = { room, lastLeave: 0, left: new Set() };
      room.on("leave", (members) => {
        watcher.lastLeave = Date.now();
        for (const { id } of members) watcher.left.add(id);
      });
      room.on("join", (members) => members.forEach(({ id }) => watcher.left.delete(id)));
      watchers.push(watcher);
      await room.ready;
    }
  },

  /** What each watcher thinks. */
  look: (): { seen: string[]; left: string[]; lastLeave: number }[] =>
    watchers.map(({ room, left, lastLeave }) => ({
      seen: room.members.map(({ id }) => id),
      left: [...left],
      lastLeave,
    })),
};
export type Members = typeof functions;

expose(functions);
