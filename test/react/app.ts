/** The server that the page of these tests talks to. */
import { TidemarkError, silentLogger, state, stream, tidemark, transient } from "tidemark";
import * as z from "zod";

/** How often each channel was subscribed to. */
export const subscribed = new Map<string, number>();
let refused = 0;
const waiting = new Map<string, () => void>();

/** Resolves when a connection of that user has ended. */
export function disconnected(user: string): Promise<void> {
  return new Promise((resolve) => waiting.set(user, resolve));
}

function count({ channel }: { readonly channel: string }): void {
  subscribed.set(channel, (subscribed.get(channel) ?? 0) + 1);
}

export const app = tidemark({
  log: silentLogger,
  authenticate: ({ token }) => ({ id: token ?? "nobody" }),
  onDisconnect: ({ user }) => waiting.get(user.id)?.(),
}).channels({
  "chat/:id": stream({
    message: z.object({ text: z.string() }),
    retain: { count: 1000 },
    presence: true,
    sender: true,
    onSubscribe: count,
    onPublish: ({ data }) => {
      // The first time only, so that a retry shows.
      if (data.text === "rude" && refused++ === 0) throw new TidemarkError("rejected", "be kind");
      return data;
    },
  }),
  "short/:id": stream({ message: z.object({ text: z.string() }), retain: { count: 3 } }),
  "closed/:id": stream({ message: z.object({ text: z.string() }), allow: () => false }),
  "table/:id": state({ value: z.object({ n: z.number() }), onSubscribe: count }),
  "typing/:id": transient({ message: z.object({ on: z.boolean() }), presence: true }),
});

export type App = typeof app;
