/** Reading the fields of an object that a client has sent: each is checked, and a wrong one is an error that names it. */
import { channelNameProblem } from "./channel-name.js";
import type { Id } from "./frames.js";
import { isOffset } from "./offset.js";

/** A command that cannot be carried out as written; answered with an error, the connection goes on. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: "bad_request" | "unknown_command";
  /** The id to answer to, where the command had a usable one. */
  readonly id: Id;

  constructor(code: "bad_request" | "unknown_command", message: string, id: Id) {
    super(message);
    this.code = code;
    this.id = id;
  }
}

/** A line that is no command at all. The connection is closed with 1008 and this message. */
export class NotACommand extends Error {
  override readonly name = "NotACommand";
}

export type Fields = Readonly<Record<string, unknown>>;

/** Reads fields of one object, each checked; a wrong one is a {@link CommandError} that names it. */
export class FieldReader {
  readonly fields: Fields;
  readonly id: Id;
  constructor(fields: Fields, id: Id) {
    this.fields = fields;
    this.id = id;
  }

  fail(message: string): never {
    throw new CommandError("bad_request", message, this.id);
  }

  get(name: string): unknown {
    return Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
  }

  channel(name: string): string {
    const value = this.get(name);
    if (typeof value !== "string") return this.fail(`${name} takes a channel's name, not ${nameOf(value)}`);
    const problem = channelNameProblem(value);
    return problem === undefined ? value : this.fail(problem);
  }

  text(name: string, least: number, most: number): string | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value === "string" && value.length >= least && value.length <= most) return value;
    return this.fail(`${name} must be a text of ${least} to ${most} characters`);
  }

  count(name: string, least: number, most: number): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (isOffset(value) && value >= least && value <= most) return value;
    return this.fail(`${name} must be a whole number from ${least} to ${most}`);
  }
}

/** What it is where it is an object, and no array. */
export function asObject(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** What it is, in words. */
export function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (typeof value === "object") return Array.isArray(value) ? "an array" : "an object";
  return `a ${typeof value}`;
}
