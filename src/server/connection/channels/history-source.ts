/** Where the answers to history commands come from: the log, and for large payloads the node's store of those. */
import type { LogOptions, Page, ReadFrom } from "../../../broker/index.js";
import type { ResolvedChannel } from "../../channels/registry.js";
import { PAGE_BYTES } from "../../delivery/chunk.js";
import { isLarge } from "../../delivery/large-payloads.js";
import { TidemarkError } from "../../errors.js";
import { epochOf } from "../../feed/judge.js";
import type { ReadLimit } from "../../feed/read-limit.js";
import type { ServerNode } from "../node.js";
import type { Range } from "./history-answer.js";

export class HistorySource {
  readonly #node: ServerNode;
  readonly #channel: string;
  readonly #log: LogOptions;
  /** The epochs of large payloads, by offset: with them the store knows them. */
  readonly #epochs = new Map<number, string>();

  constructor(node: ServerNode, { name, def }: ResolvedChannel) {
    this.#node = node;
    this.#channel = name;
    this.#log = def.log;
  }

  /** A page of at most `limit` entries. Rejects with the broker's error. */
  read(range: Range, limit: number): Promise<Page> {
    return this.#read({ ...range, limit, bytes: PAGE_BYTES }, this.#node.reads.first);
  }

  /**
   * The payload of an entry that a page had.
   *
   * @throws {TidemarkError} `unavailable` where the log does not keep it any more
   */
  async findAgain(offset: number): Promise<Uint8Array> {
    const { large, reads } = this.#node;
    const stored = large.get(this.#channel, { epoch: this.#epochs.get(offset) ?? "", offset });
    if (stored !== undefined) return stored.data;
    const [entry] = (await this.#read({ after: offset - 1, limit: 1, bytes: 0 }, reads.again)).entries;
    if (entry?.offset === offset && typeof entry.data !== "string") return entry.data;
    throw new TidemarkError("unavailable", "the log has dropped a message of this answer; ask again", {
      retry: true,
    });
  }

  async #read(from: ReadFrom, limit: ReadLimit): Promise<Page> {
    const { broker, large } = this.#node;
    const page = await limit.run(() => broker.read(this.#channel, from, this.#log));
    for (const entry of page.entries) {
      if (!isLarge(entry)) continue;
      const epoch = epochOf(page, entry.offset);
      this.#epochs.set(entry.offset, epoch);
      large.put(this.#channel, epoch, entry);
    }
    return page;
  }
}
