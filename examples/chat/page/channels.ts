/** The channels behind a room, and what comes over them. */
import type { Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import type { Amendment } from "./amendments.js";
import type { Message } from "./timeline.js";

export function openChat(rt: Client<ChatApp>, id: string, last: number) {
  return rt.stream("chat/:id", { id }, { last });
}

export function openTyping(rt: Client<ChatApp>, id: string) {
  return rt.transient("typing/:id", { id });
}

/** How far the others have read: as many say so as are kept. */
export function openRead(rt: Client<ChatApp>, id: string) {
  return rt.stream("read/:id", { id }, { last: 200 });
}

/** An image's bytes are the one message of its channel; whoever comes before them waits for them. */
export function openImage(rt: Client<ChatApp>, owner: string, key: string) {
  return rt.stream("image/:owner/:key", { owner, key }, { last: 1 });
}

type Arrived = Awaited<ReturnType<ReturnType<typeof openChat>["history"]>>["messages"][number];

/** A message, or what changes one. */
export function itemFrom({ offset, time, data, from }: Arrived): Message | Amendment {
  const { name, key } = data;
  const place = { offset, time, name, from, key };
  if ("edit" in data) {
    return { ...place, change: { edit: data.edit, text: data.text, mentions: data.mentions } };
  }
  if ("delete" in data) return { ...place, change: { delete: data.delete } };
  if ("react" in data) return { ...place, change: { react: data.react, emoji: data.emoji, on: data.on } };
  const { text, image, thread, mentions } = data;
  return { ...place, text, image, thread, mentions };
}

/** What `presence` on the server shows of a member. */
export function nameIn(data: unknown): string {
  const named = typeof data === "object" && data !== null && "name" in data;
  return named && typeof data.name === "string" ? data.name : "somebody";
}
