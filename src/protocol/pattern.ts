/** Channel patterns such as `chat/:id`: a literal segment matches itself, a parameter any one segment. */
import { canonicalName, decodeSegment } from "./channel-name.js";

/** The parameters that a pattern names, as a type: `Params<"chat/:id">` is `{ id: string }`. */
export type Params<Pattern extends string> = { readonly [Name in ParamName<Pattern>]: string };

type ParamName<Pattern extends string> = Pattern extends `${infer Head}/${infer Tail}`
  ? ParamName<Head> | ParamName<Tail>
  : Pattern extends `:${infer Name}`
    ? Name
    : never;

/**
 * The channel's name: the pattern with its parameters filled in, each URI-encoded.
 *
 * @throws {TypeError} when a parameter is missing or empty
 * @example fillPattern("chat/:id", { id: "general" }) // "chat/general"
 */
export function fillPattern(pattern: string, params: Readonly<Record<string, string>>): string {
  return pattern.replace(/(^|\/):([^/]*)/g, (_, slash: string, name: string) => {
    const value: unknown = params[name];
    if (typeof value === "string" && value) return slash + encodeURIComponent(value);
    throw new TypeError(`channel pattern "${pattern}" needs a text for "${name}"`);
  });
}

/** The names of a pattern's parameters, in their order. */
export function paramNames(pattern: string): string[] {
  return pattern
    .split("/")
    .filter((segment) => segment.startsWith(":"))
    .map((segment) => segment.slice(1));
}

/**
 * The channel and the options that `(pattern, params, options)` or `(name, options)` stands for: a pattern is what has a
 * parameter, or comes with three arguments.
 *
 * @throws {TypeError} as {@link fillPattern}
 */
export function readChannelArguments<Options extends object>(
  name: string,
  second?: object,
  third?: Options,
): [channel: string, options: Options] {
  const isPattern = third !== undefined || /(^|\/):/.test(name);
  return [
    isPattern ? fillPattern(name, (second ?? {}) as Readonly<Record<string, string>>) : name,
    ((isPattern ? third : second) ?? {}) as Options,
  ];
}

/** A set of patterns that finds the one for a name. Give it all patterns at once, so that clashes show at start-up. */
export class PatternTable<Value> {
  readonly #entries: { segments: readonly string[]; value: Value }[] = [];

  /** @throws {TypeError} when a pattern is malformed, or two have the same shape */
  constructor(patterns: Iterable<readonly [pattern: string, value: Value]>) {
    const byShape = new Map<string, string>();
    for (const [pattern, value] of patterns) {
      const segments = checkPattern(pattern);
      const shape = segments.map((segment) => (segment.startsWith(":") ? ":" : segment)).join("/");
      const twin = byShape.get(shape);
      if (twin !== undefined) {
        throw new TypeError(
          `channel patterns ${JSON.stringify(twin)} and ${JSON.stringify(pattern)} match the same names`,
        );
      }
      byShape.set(shape, pattern);
      this.#entries.push({ segments, value });
    }
    // A literal segment beats a parameter, from the left.
    this.#entries.sort((a, b) => specificity(b.segments).localeCompare(specificity(a.segments)));
  }

  /** The value of the pattern that matches `name`, however that is encoded, with the parameters decoded. */
  find(name: string): { value: Value; params: Record<string, string> } | undefined {
    const parts = canonicalName(name).split("/");
    for (const { segments, value } of this.#entries) {
      const params = match(segments, parts);
      if (params !== undefined) return { value, params };
    }
    return undefined;
  }
}

/** The pattern's segments: parameters as they are, the others in the spelling that names are compared in. */
function checkPattern(pattern: string): string[] {
  const segments = pattern.split("/");
  const names = paramNames(pattern);
  const sound =
    segments.every((segment) => segment !== "" && segment !== ":") && new Set(names).size === names.length;
  if (!sound) {
    throw new TypeError(
      `channel pattern ${JSON.stringify(pattern)} needs non-empty segments and parameters of different names, such as "chat/:id"`,
    );
  }
  return segments.map((segment) => (segment.startsWith(":") ? segment : canonicalName(segment)));
}

function specificity(segments: readonly string[]): string {
  return segments.map((segment) => (segment.startsWith(":") ? "0" : "1")).join("");
}

function match(segments: readonly string[], parts: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== parts.length) return undefined;
  // Without a prototype, so that a pattern may have a parameter called __proto__.
  const params = Object.create(null) as Record<string, string>;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as string;
    const part = parts[i] as string;
    if (!segment.startsWith(":")) {
      if (segment !== part) return undefined;
      continue;
    }
    if (part === "") return undefined;
    const value = decodeSegment(part);
    if (value === undefined) return undefined;
    params[segment.slice(1)] = value;
  }
  return params;
}
