/** What goes to the terminal, or to whatever reads us. */
import { once } from "node:events";
import type { WriteStream } from "node:tty";

type Out = NodeJS.WriteStream | WriteStream;

/** Letters that would move the cursor or change colours, and that JSON lets pass. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** The text, with what a terminal would obey made visible. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Writes a line; resolves when there is room for the next one. */
export async function print(line: string, out: Out = process.stdout): Promise<void> {
  if (!out.write(`${line}\n`)) await once(out, "drain");
}

export type Paint = (style: "dim" | "bold" | "red", text: string) => string;

const CODES = { dim: 2, bold: 1, red: 31 } as const;

/** Colours, where `out` is a terminal and nobody said NO_COLOR. */
export function paintFor(out: Out, env: NodeJS.ProcessEnv): Paint {
  const colours = out.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
  return (style, text) => (colours ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}

/** When the reader of our output goes away (`| head`), so do we, and that is no failure. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
