/**
 * Hot path: publishes and calls as clients of ours write them are read where they lie in their frame,
 *
 *     {"id":1,"publish":"chat/a","data":…,"idem":1,"first":true}
 *     {"id":1,"call":"name","data":…}
 *
 * and only what is needed of them: a payload that goes on as it came is never parsed. They say the same as
 * `decodeCommand` would make of them; everything else is left to that.
 */
import { channelNameProblem, type Command } from "../../../protocol/index.js";
import { MAX_METHOD } from "../../../protocol/decode-command.js";
import { NameTable } from "./name-table.js";
import { MAX_DIGITS, endOfDigits, endOfPlainJson, endOfPlainString, has } from "./plain-json.js";

const HEAD = Buffer.from('{"id":');
const PUBLISH = Buffer.from(',"publish":"');
const CALL = Buffer.from(',"call":"');
const DATA = Buffer.from(',"data":');
const IDEM = Buffer.from(',"idem":');
const FIRST = Buffer.from(',"first":true');
const BRACE = 125;
const NEWLINE = 10;
const ZERO = 48;

const channels = new NameTable((name) => channelNameProblem(name) === undefined);
const methods = new NameTable((name) => name.length > 0 && name.length <= MAX_METHOD);

/**
 * The commands of a text frame, one a line; `undefined` unless all of them are plain.
 *
 * @param bytes valid UTF-8 from `from` up to `to`
 * @param ascii whether all of that is ASCII
 */
export function readPlainCommands(
  bytes: Buffer,
  from: number,
  to: number,
  ascii: boolean,
): Command[] | undefined {
  const reader = new CommandScanner(bytes, from, to, ascii);
  const commands: Command[] = [];
  do {
    const command = reader.command();
    if (command === undefined) return undefined;
    commands.push(command);
  } while (reader.nextLine());
  return reader.done ? commands : undefined;
}

function endOfLine(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== NEWLINE) at++;
  return at;
}

class CommandScanner {
  readonly #bytes: Buffer;
  readonly #to: number;
  readonly #ascii: boolean;
  #at: number;

  constructor(bytes: Buffer, from: number, to: number, ascii: boolean) {
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    this.#ascii = ascii;
  }

  get done(): boolean {
    return this.#at === this.#to;
  }

  /** Goes on behind a newline; `false` where there is none, or nothing behind it. */
  nextLine(): boolean {
    if (this.#at >= this.#to || this.#bytes[this.#at] !== NEWLINE) return false;
    return ++this.#at < this.#to;
  }

  command(): Command | undefined {
    if (!this.#skip(HEAD)) return undefined;
    const id = this.#number();
    if (id === undefined) return undefined;
    if (this.#skip(PUBLISH)) return this.#publish(id);
    return this.#skip(CALL) ? this.#call(id) : undefined;
  }

  #publish(id: number): Command | undefined {
    const channel = this.#name(channels);
    if (channel === undefined || !this.#skip(DATA)) return undefined;
    const start = this.#at;
    this.#at = endOfPlainJson(this.#bytes, start, this.#to);
    if (this.#at < 0) return undefined;
    const json = this.#text(start, this.#at);
    let idem: number | undefined;
    if (this.#skip(IDEM)) {
      idem = this.#number();
      if (idem === undefined) return undefined;
    }
    const first = this.#skip(FIRST);
    if (!this.#close()) return undefined;
    return { do: "publish", id, channel, data: undefined, json, bytes: undefined, idem, first, age: 0 };
  }

  #call(id: number): Command | undefined {
    const method = this.#name(methods);
    if (method === undefined || !this.#skip(DATA)) return undefined;
    const start = this.#at;
    this.#at = endOfLine(this.#bytes, start, this.#to) - 1;
    const text = this.#text(start, this.#at);
    if (!this.#close()) return undefined;
    try {
      return { do: "call", id, method, data: JSON.parse(text) as unknown };
    } catch {
      return undefined;
    }
  }

  #skip(part: Buffer): boolean {
    if (!has(this.#bytes, part, this.#at)) return false;
    this.#at += part.length;
    return true;
  }

  /** The command's end. */
  #close(): boolean {
    return this.#at < this.#to && this.#bytes[this.#at++] === BRACE;
  }

  /** A whole number that is exact, written as JSON has it. */
  #number(): number | undefined {
    const start = this.#at;
    const end = (this.#at = endOfDigits(this.#bytes, start, this.#to));
    const digits = end - start;
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && this.#bytes[start] === ZERO)) return undefined;
    let number = 0;
    for (let i = start; i < end; i++) number = number * 10 + (this.#bytes[i] as number) - ZERO;
    return number;
  }

  /** The rest of a string, as the name of something. */
  #name(table: NameTable): string | undefined {
    const start = this.#at;
    this.#at = endOfPlainString(this.#bytes, start, this.#to);
    return this.#at < 0 ? undefined : table.nameOf(this.#bytes, start, this.#at - 1);
  }

  #text(from: number, to: number): string {
    return this.#bytes.toString(this.#ascii ? "latin1" : "utf8", from, to);
  }
}
