/** Writes logs from beside their writer: whoever opens the directory next does it. Nothing imports it: a thread does, by its URL. */
import type { ThreadWriter } from "../thread-writer.js";
import { leaveLater } from "./later.js";

/**
 * See `OpenWriter`. Nobody else can take a reign meanwhile, since that is asked of the writer, too.
 *
 * @param data `{ dir }`, the directory that this process writes
 */
export async function openWriter(data: unknown): Promise<ThreadWriter> {
  const { dir } = data as { readonly dir: string };
  return {
    async change(channel, drafts, options) {
      leaveLater(dir, { channel, drafts, options });
      return drafts.map(() => ({ error: "outcome_unknown" }) as const);
    },
    reign: async (_channel, { ttl, note }) => ({ heldBy: note, left: ttl }),
    // Nobody who hears texts is left.
    send: async () => {},
    close: async () => {},
  };
}
