import type { WrittenChannel, WrittenLog } from "./written-channels.js";

/** Records of one epoch. */
interface Piece {
  readonly epoch: string;
  readonly by: WrittenLog["by"];
  readonly records: Buffer[];
}

/** What a transaction brings to the followers of channels. They are told when it is on the disk. */
export class News {
  readonly #pieces = new Map<WrittenChannel, Piece[]>();

  /** One piece per channel, unless its epoch changes in between. */
  add(channel: WrittenChannel, { epoch, by }: WrittenLog, records: readonly Buffer[]): void {
    if (records.length === 0) return;
    const pieces = this.#pieces.get(channel) ?? [];
    const last = pieces.at(-1);
    if (last?.epoch === epoch && last.by === by) for (const record of records) last.records.push(record);
    else pieces.push({ epoch, by, records: [...records] });
    this.#pieces.set(channel, pieces);
  }

  tell(): void {
    for (const [{ name, followers }, pieces] of this.#pieces) {
      for (const { epoch, by, records } of pieces) {
        for (const follower of followers) {
          if (by === "entries") follower.entries(name, epoch, records);
          else follower.changes(name, epoch, records);
        }
      }
    }
  }
}
