/** A chat: rooms with history, presence and typing. This file is all of its server side. */
import { stream, tidemark, TidemarkError, transient } from "tidemark";
import * as z from "zod";

/**
 * Who somebody says they are. It is a demo: everyone is believed. A real app checks a signed token here, such as
 * a JWT, and takes the id and the name from it.
 */
const Claim = z.object({
  id: z.string().min(8).max(64),
  name: z.string().trim().min(1).max(40),
});

const ANONYMOUS = "anonymous";

/** Who speaks is not the sender's to say: a name in the payload is dropped, and `onPublish` puts the real one in. */
const Message = z
  .object({
    text: z.string().trim().min(1).max(2000),
    /** Made by the page, so that it knows its own messages again when they come back. */
    key: z.string().max(64).optional(),
  })
  .transform((sent) => ({ ...sent, name: ANONYMOUS }));

const Typing = z.object({ on: z.boolean() }).transform(({ on }) => ({ on, name: ANONYMOUS }));

/** The chat, ready for `attach` or `listen`; it starts with the first use. */
export const chat = tidemark({
  authenticate: ({ token }) => {
    // Nobody has to say who they are: any WebSocket tool can join by hand, as "anonymous".
    if (token === undefined) return null;
    try {
      return Claim.parse(JSON.parse(token));
    } catch (cause) {
      const form = '{"id":"any 8 to 64 letters","name":"Ann"}';
      throw new TidemarkError("unauthorized", `the token of this demo is JSON: ${form}`, { cause });
    }
  },
}).channels({
  "chat/:id": stream({
    message: Message,
    retain: { count: 1000 },
    presence: ({ user }) => ({ name: user?.name ?? ANONYMOUS }),
    onPublish: ({ user, data }) => ({ ...data, name: user?.name ?? ANONYMOUS }),
  }),
  "typing/:id": transient({
    message: Typing,
    onPublish: ({ user, data }) => ({ ...data, name: user?.name ?? ANONYMOUS }),
  }),
});

/** What the page imports, as a type, so that both sides agree on every channel and message. */
export type ChatApp = typeof chat;
