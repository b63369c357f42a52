/** Parts of a message, as a client sends them: lines of one publish, numbered, of which all but the last say that there is more. */
import { MAX_CHANNEL_BYTES, NotACommand, type Line } from "../../../protocol/index.js";
import { isOffset } from "../../../protocol/offset.js";

/** No channel's name is longer, in UTF-16 units, also where each byte of it is URI-encoded. */
const MOST_NAME = 3 * MAX_CHANNEL_BYTES;

/** One part. */
export interface Part {
  /** The channel, as the line names it; null for what can be no channel's name. */
  readonly channel: string | null;
  readonly number: number;
  /** Whether another part follows. */
  readonly more: boolean;
  readonly line: Line;
  readonly bytes: Uint8Array;
}

/**
 * The part of a message that a line is; `undefined` where it is none: only bytes that are published come in parts.
 *
 * @throws {NotACommand} when the part is not numbered as it should be
 */
export function partOf(line: Line): Part | undefined {
  const { value, bytes } = line;
  if (bytes === undefined || typeof value !== "object" || value === null) return undefined;
  if (!Object.hasOwn(value, "part") || !Object.hasOwn(value, "publish")) return undefined;
  const { publish, part: number, more = false } = value as Record<string, unknown>;
  if (!isOffset(number)) throw new NotACommand("part must be a whole number, 0 for the first");
  if (typeof more !== "boolean") throw new NotACommand("more must be true or false");
  // What is no name is not kept: it may be as long as a frame.
  const channel = typeof publish === "string" && publish.length <= MOST_NAME ? publish : null;
  return { channel, number, more, line, bytes };
}

/** Which part comes next: one message is incomplete at a time. */
export class PartOrder {
  #channel: string | null = null;
  /** The number of the next part; 0 where no message is incomplete. */
  #next = 0;

  /** Whether a message is incomplete. */
  get isOpen(): boolean {
    return this.#next > 0;
  }

  /** Whether a message to the channel of that name is incomplete. */
  isOf(channel: unknown): boolean {
    return this.isOpen && channel === this.#channel;
  }

  /**
   * Goes on to a part.
   *
   * @throws {NotACommand} when that is neither the first of a message nor the next of the incomplete one
   */
  take({ channel, number, more }: Part): void {
    if (number > 0 && !(this.isOf(channel) && number === this.#next)) {
      const wanted = this.isOpen ? `part ${this.#next} of ${nameOf(this.#channel)}` : "part 0";
      throw new NotACommand(`part ${number} of ${nameOf(channel)} is not the next; ${wanted} would be`);
    }
    this.#channel = more ? channel : null;
    this.#next = more ? number + 1 : 0;
  }

  /** No message is incomplete any more. */
  drop(): void {
    this.#channel = null;
    this.#next = 0;
  }
}

/** A name that a peer wrote, cut so that it fits into a reason. */
function nameOf(channel: string | null): string {
  return channel === null ? "no channel" : JSON.stringify(channel.slice(0, 24));
}

/**
 * The lines of one request, with the parts of each message put together.
 *
 * @throws {NotACommand} when a part is not the next, or the last of a message is missing
 */
export function joinLines(lines: Line[]): Line[] {
  if (!lines.some((line) => partOf(line) !== undefined)) return lines;
  const order = new PartOrder();
  const whole: Line[] = [];
  let parts: Part[] = [];
  for (const line of lines) {
    const part = partOf(line);
    if (part === undefined) {
      if (order.isOf((line.value as { publish?: unknown } | null)?.publish)) order.drop();
      whole.push(line);
      continue;
    }
    order.take(part);
    if (part.number === 0) parts = [];
    parts.push(part);
    if (!part.more) whole.push(wholeLine(parts));
  }
  if (order.isOpen) throw new NotACommand("all parts of a message must be in one request");
  return whole;
}

function wholeLine(parts: readonly Part[]): Line {
  const { part: _part, more: _more, ...fields } = (parts[0] as Part).line.value as Record<string, unknown>;
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  return { value: { ...fields, bytes: bytes.length }, bytes };
}
