/**
 * The examples of docs/protocol.md, read and taken apart. They stand in fenced blocks that begin with ```tidemark;
 * behind that word may stand options of the server, as JSON. Every line of a block is one of these:
 *
 *     > {"id":1,"connect":{}}     the client sends a frame
 *     >+ AQID                     one more line of that frame
 *     >= 01 02 03                 bytes, in hex, behind the last line: the frame is a binary one
 *     >= 07 × 40000               so many of one
 *     < {"id":1,"ok":{…}}         the server sends a line, alone or with others in a frame
 *     <= 01 02 03                 the bytes that follow it
 *     < close 4500 …              the server closes, with this code and reason
 *     > close 1000                the client closes; the next line it sends opens another connection
 *     ! restart                   something happens on the server's side, see `ACTIONS`
 *     # words                     words
 *
 * A name before the sign, as in `B> {}`, is another connection. What stands for a value in one run:
 *
 *     <name>   a JSON value or, within quotes, some of a text. The first time, it takes what is there; from then on
 *              it is that.
 *     …        whatever is there
 */

/** The one connection of a block that names none. */
const DEFAULT_NAME = "";

export type Step = { readonly line: number; readonly source: string } & (
  | {
      readonly do: "send";
      readonly who: string;
      readonly lines: readonly string[];
      readonly bytes: Buffer | undefined;
    }
  | { readonly do: "expect"; readonly who: string; readonly text: string; readonly bytes: Buffer | undefined }
  | { readonly do: "close"; readonly who: string; readonly code: number }
  | { readonly do: "closed"; readonly who: string; readonly code: number; readonly reason: string }
  | { readonly do: "action"; readonly action: string; readonly argument: string }
);

export interface Example {
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** The last heading before it. */
  readonly about: string;
  readonly options: unknown;
  readonly steps: readonly Step[];
}

export interface Fence {
  readonly line: number;
  readonly about: string;
  readonly info: string;
  readonly lines: readonly string[];
}

/** All fenced blocks of a document. */
export function fencesOf(document: string): Fence[] {
  const fences: Fence[] = [];
  let about = "";
  let open: { line: number; info: string; lines: string[] } | undefined;
  for (const [index, text] of document.split("\n").entries()) {
    if (open === undefined) {
      about = /^#+ (.*)/.exec(text)?.[1] ?? about;
      const info = /^ *```(.*)$/.exec(text)?.[1];
      if (info !== undefined) open = { line: index + 1, info, lines: [] };
    } else if (/^ *```$/.test(text)) {
      fences.push({ ...open, about });
      open = undefined;
    } else open.lines.push(text);
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block does not end`);
  return fences;
}

/** @throws {Error} for a line that is none of those above: nothing in an example goes unread */
export function readExample({ line, about, info, lines }: Fence): Example {
  const options: unknown = info === "tidemark" ? {} : JSON.parse(info.slice("tidemark ".length));
  const steps: Step[] = [];
  for (const [index, source] of lines.entries()) {
    if (source.trim() === "" || source.startsWith("#")) continue;
    const at = { line: line + 1 + index, source };
    if (!addTo(steps.at(-1), source)) steps.push(readStep(at));
    else steps.push(addedTo(steps.pop() as Step, source));
  }
  return { line, about, options, steps };
}

function readStep(at: { line: number; source: string }): Step {
  const [, action, argument = ""] = /^! ([a-z]+) ?(.*)$/.exec(at.source) ?? [];
  if (action !== undefined) return { ...at, do: "action", action, argument };
  const match = /^([A-Z]?)([<>]) (.+)$/.exec(at.source);
  if (match === null) throw new Error(`line ${at.line} is no line of an example: ${at.source}`);
  const [, who = DEFAULT_NAME, sign, text = ""] = match;
  const close = /^close (\d{4}) ?(.*)$/.exec(text);
  if (sign === ">") {
    if (close !== null) return { ...at, do: "close", who, code: Number(close[1]) };
    return { ...at, do: "send", who, lines: [text], bytes: undefined };
  }
  if (close !== null) return { ...at, do: "closed", who, code: Number(close[1]), reason: close[2] ?? "" };
  return { ...at, do: "expect", who, text, bytes: undefined };
}

/** Whether the line belongs to the step before it. */
function addTo(step: Step | undefined, source: string): boolean {
  const sign = /^[A-Z]?([<>][+=])/.exec(source)?.[1];
  if (sign === undefined) return false;
  if (sign === "<=" ? step?.do === "expect" : step?.do === "send") return true;
  throw new Error(`nothing before this line that it could belong to: ${source}`);
}

function addedTo(step: Step, source: string): Step {
  const rest = source.replace(/^[A-Z]?[<>][+=] ?/, "");
  if (step.do === "send" && source.includes(">+")) return { ...step, lines: [...step.lines, rest] };
  return { ...step, bytes: bytesOf(rest) ?? fail(`not bytes in hex: ${source}`) } as Step;
}

/** Bytes in hex; `07 × 40000` are so many of the same. */
function bytesOf(text: string): Buffer | undefined {
  const [, byte = "", count] = /^([0-9a-f]{2}) × (\d+)$/.exec(text) ?? [];
  if (count !== undefined) return Buffer.alloc(Number(count), byte, "hex");
  return /^([0-9a-f]{2}( |$))*$/.test(text) ? Buffer.from(text.replaceAll(" ", ""), "hex") : undefined;
}

function fail(message: string): never {
  throw new Error(message);
}

/** What names stand for, as the text they stood for at first. */
export type Values = Map<string, string>;

const PLACE = /<([a-z][a-z0-9]*)>|…/g;

/** The text with its values filled in. */
export function fillIn(template: string, values: Values): string {
  return template.replace(PLACE, (place, name: string | undefined) => {
    const value = name === undefined ? undefined : values.get(name);
    if (value === undefined) throw new Error(`${place} stands for nothing yet`);
    return value;
  });
}

/** Whether `text` is what the template says; if so, new names have their values. */
export function matches(template: string, text: string, values: Values): boolean {
  const names: string[] = [];
  let pattern = "";
  let end = 0;
  for (const { 0: place, 1: name, index } of template.matchAll(PLACE)) {
    pattern += escaped(template.slice(end, index));
    end = index + place.length;
    if (name === undefined) pattern += "[^]*?";
    else if (values.has(name)) pattern += escaped(values.get(name) as string);
    else if (names.includes(name)) pattern += `\\k<${name}>`;
    else {
      names.push(name);
      pattern += `(?<${name}>${insideQuotes(template.slice(0, index)) ? '[^":]+' : '"(?:[^"\\\\]|\\\\.)*"|[^",\\]}]+'})`;
    }
  }
  const match = new RegExp(`^${pattern}${escaped(template.slice(end))}$`).exec(text);
  for (const name of names) if (match?.groups !== undefined) values.set(name, match.groups[name] ?? "");
  return match !== null;
}

function insideQuotes(before: string): boolean {
  return before.replace(/\\./g, "").split('"').length % 2 === 0;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
