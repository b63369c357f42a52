/** The two channels behind a room, and what comes over them. */
import type { Client } from "tidemark/client";
import type { ChatApp } from "../server.js";
import type { Message } from "./timeline.js";

export function openChat(rt: Client<ChatApp>, id: string, last: number) {
  return rt.stream("chat/:id", { id }, { last });
}

export function openTyping(rt: Client<ChatApp>, id: string) {
  return rt.transient("typing/:id", { id });
}

interface Arrived {
  readonly offset: number;
  readonly time: number;
  readonly data: { readonly text: string; readonly name: string; readonly key?: string | undefined };
  readonly from?: string;
}

export function messageFrom({ offset, time, data, from }: Arrived): Message {
  return { offset, time, text: data.text, name: data.name, key: data.key, from };
}

/** What `presence` on the server shows of a member. */
export function nameIn(data: unknown): string {
  const named = typeof data === "object" && data !== null && "name" in data;
  return named && typeof data.name === "string" ? data.name : "somebody";
}
