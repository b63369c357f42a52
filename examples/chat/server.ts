/** A chat: rooms with history, presence, edits, reactions, threads and images. This file is its server side. */
import { createHash } from "node:crypto";
import { bytes, method, stream, tidemark, TidemarkError, transient } from "tidemark";
import { memoryBroker } from "tidemark/broker";
import * as z from "zod";
import { IMAGE_TYPES, MAX_IMAGE_BYTES, MAX_NAME, MAX_TEXT } from "./limits.js";
import { takeTurn } from "./slow-mode.js";

/**
 * Who somebody says they are. There are no accounts: a page makes up a secret and keeps it, and the id that all
 * see is made of it. So nobody can speak, edit or delete as somebody else without their secret. What can be forged
 * is the name: anybody may be called Ann, only not under the id of the Ann who was here before. A real app checks a
 * signed token here, such as a JWT.
 */
const Claim = z
  .object({ secret: z.string().min(16).max(64), name: z.string().trim().min(1).max(MAX_NAME) })
  .transform(({ secret, name }) => ({ id: idOf(secret), name }));

const ANONYMOUS = "anonymous";
const RETAIN = { count: 1000 };

const Offset = z.int().positive();
const Text = z.string().trim().max(MAX_TEXT);
const NonEmpty = Text.min(1);
const Mentions = z.array(z.object({ id: z.string().max(64), name: z.string().max(MAX_NAME) })).max(20);
const Side = z.int().min(1).max(10_000);
const Image = z.object({
  /** The bytes are the message of `image/<author>/<key>`: the text of a room does not wait for its images. */
  key: z.string().regex(/^[\w-]{8,64}$/u),
  type: z.enum(IMAGE_TYPES),
  width: Side,
  height: Side,
  alt: z.string().trim().max(200),
});

/** Made by the page, so that it knows its own messages again when they come back. */
const key = z.string().max(64).optional();
const mentions = Mentions.optional();
const no = z.never().optional();
const Said = z
  .object({ text: Text, image: Image.optional(), thread: Offset.optional(), mentions, key })
  // An edit with a mistake in it is no message that says the same.
  .extend({ edit: no, delete: no, react: no })
  .refine(({ text, image }) => text !== "" || image !== undefined, "say something, or show an image")
  .transform(({ edit: _edit, delete: _delete, react: _react, ...said }) => said);

/** A log is only ever added to: what changes a message is a message that names its offset. Pages put them together. */
const Message = z
  .union([
    z.object({ edit: Offset, text: NonEmpty, mentions, key }),
    z.object({ delete: Offset, key }),
    z.object({ react: Offset, emoji: z.emoji().max(16), on: z.boolean().default(true), key }),
    Said,
  ])
  // Who speaks is not the sender's to say: a name in the payload is dropped, and `onPublish` puts the real one in.
  .transform((sent) => ({ ...sent, name: ANONYMOUS }));

const Typing = z.object({ on: z.boolean() }).transform(({ on }) => ({ on, name: ANONYMOUS }));
const Read = z.object({ upTo: Offset }).transform(({ upTo }) => ({ upTo, name: ANONYMOUS }));

// The one that there would be without it, at hand for looking messages up.
const broker = memoryBroker();
// With one, `tidemark ls` says who is in which room.
const apiKey = process.env["TIDEMARK_API_KEY"];

/** The chat, ready for `attach` or `listen`; it starts with the first use. */
export const chat = tidemark({
  broker,
  ...(apiKey !== undefined && { apiKey }),
  authenticate: ({ token }) => {
    // Nobody has to say who they are: any WebSocket tool can join by hand, as "anonymous".
    if (token === undefined) return null;
    try {
      return Claim.parse(JSON.parse(token));
    } catch (cause) {
      const form = '{"secret":"any 16 to 64 letters","name":"Ann"}';
      throw new TidemarkError("unauthorized", `the token of this demo is JSON: ${form}`, { cause });
    }
  },
})
  .channels({
    "chat/:id": stream({
      message: Message,
      retain: RETAIN,
      presence: ({ user }) => ({ name: user?.name ?? ANONYMOUS }),
      onPublish: async ({ user, client, channel, params, data }) => {
        if ("edit" in data) await mustBeAuthor(channel, data.edit, user?.id);
        else if ("delete" in data) await mustBeAuthor(channel, data.delete, user?.id);
        else if ("react" in data) await mustBeSomebody(channel, data.react, user?.id);
        else takeTurn(params.id, user?.id ?? client, JSON.stringify(data));
        return { ...data, name: user?.name ?? ANONYMOUS };
      },
    }),
    "typing/:id": transient({
      message: Typing,
      onPublish: ({ user, data }) => ({ ...data, name: user?.name ?? ANONYMOUS }),
    }),
    /** How far everybody has read; of somebody who said it twice the furthest counts. */
    "read/:id": stream({
      message: Read,
      retain: { count: 200 },
      allow: ({ user, action }) => action !== "publish" || user !== null,
      onPublish: ({ user, data }) => ({ ...data, name: user?.name ?? ANONYMOUS }),
    }),
    /** One image. Only its author can put it there, because the name of the channel says who that is. */
    "image/:owner/:key": stream({
      message: bytes({ max: MAX_IMAGE_BYTES }),
      retain: { count: 1, for: "7d" },
      allow: ({ user, params, action }) => action !== "publish" || user?.id === params.owner,
    }),
  })
  .methods({
    /** The id of whoever asks, as the others see it; null for somebody without a token. */
    me: method({ run: (_, { user }) => user?.id ?? null }),
  });

/** What the page imports, as a type, so that both sides agree on every channel and message. */
export type ChatApp = typeof chat;

function idOf(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url").slice(0, 22);
}

async function mustBeAuthor(channel: string, offset: number, id: string | undefined): Promise<void> {
  const author = await mustBeSomebody(channel, offset, id);
  if (author !== id) throw new TidemarkError("forbidden", "only its author may change a message");
}

/** Whoever has no id cannot be told from others who have none. Returns the author of the message that is meant. */
async function mustBeSomebody(channel: string, offset: number, id: string | undefined): Promise<unknown> {
  if (id === undefined) throw new TidemarkError("forbidden", "for this one needs a token, and so an id");
  const where = { before: offset + 1, limit: 1, bytes: 1 };
  const [found] = (
    await broker.read(channel, where, { keeping: { by: "entries", retain: RETAIN }, dedupe: 0 })
  ).entries;
  if (found?.offset !== offset) throw new TidemarkError("not_found", "this message is no longer kept");
  return z.object({ from: z.string().optional() }).parse(JSON.parse(found.meta ?? "{}")).from;
}
