import { parseArgs } from "node:util";

/**
 * Reads `--name 12` options that are numbers; `defaults` says which there are. Ends the process with a message on
 * anything else.
 */
export function numberOptions<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  return orUsage(names.map((name) => `--${name} ${defaults[name]}`).join("  "), () => {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
    const { values } = parseArgs({ options });
    return numbersOf(values, defaults, "a number", (value) => Number.isFinite(value) && value >= 0);
  });
}

/** What {@link tableOptions} reads. */
export interface TableOptions {
  /** The one row that is wanted; `undefined` for all. */
  readonly only: string | undefined;
  /** Whether the table goes into the docs. */
  readonly write: boolean;
}

/**
 * Reads `--only NAME`, `--write`, and `--name 12` options that are whole numbers from 1 on; `defaults` says which there are.
 * Ends the process with `usage` on anything else.
 *
 * @param rows what `--only` may name
 */
export function tableOptions<Name extends string>(
  rows: readonly string[],
  defaults: Readonly<Record<Name, number>>,
  usage: string,
): TableOptions & Record<Name, number> {
  return orUsage(usage, () => {
    const text = { type: "string" } as const;
    const numbers = Object.fromEntries(Object.keys(defaults).map((name) => [name, text]));
    const { values } = parseArgs({ options: { ...numbers, only: text, write: { type: "boolean" } } });
    const { only, write = false } = values;
    if (only !== undefined && !rows.includes(only)) throw new Error(`there is no "${only}"`);
    const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 1;
    return { only, write, ...numbersOf(values, defaults, "a whole number from 1 on", isWhole) };
  });
}

/** What `read` returns; when it throws, the process ends with what it threw and the usage. */
export function orUsage<Options>(usage: string, read: () => Options): Options {
  try {
    return read();
  } catch (error) {
    console.error(`${(error as Error).message}\noptions: ${usage}`);
    process.exit(2);
  }
}

function numbersOf<Name extends string>(
  values: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<Name, number>>,
  kind: string,
  isOne: (value: number) => boolean,
): Record<Name, number> {
  const read = (name: Name): number => {
    const text = values[name];
    if (text === undefined) return defaults[name];
    const value = Number(text);
    if (!isOne(value)) throw new Error(`--${name} takes ${kind}, not ${JSON.stringify(text)}`);
    return value;
  };
  const names = Object.keys(defaults) as Name[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, number>;
}
