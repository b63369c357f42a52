import { parseArgs } from "node:util";

/**
 * Reads `--name 12` options that are numbers; `defaults` says which there are. Ends the process with a message on
 * anything else.
 */
export function numberOptions<Name extends string>(
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const names = Object.keys(defaults) as Name[];
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
    const { values } = parseArgs({ options });
    const read = (name: Name): number => {
      const text = values[name];
      if (text === undefined) return defaults[name];
      const value = Number(text);
      if (!Number.isFinite(value) || value < 0)
        throw new Error(`--${name} takes a number, not ${String(text)}`);
      return value;
    };
    return Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, number>;
  } catch (error) {
    console.error((error as Error).message);
    console.error(`options: ${names.map((name) => `--${name} ${defaults[name]}`).join("  ")}`);
    process.exit(2);
  }
}
