/** Parts of docs/benchmarks.md that commands of their own write. They stay as they are when the rest is written anew. */

const END = "<!-- up to here -->";
const REPEAT = "## Repeat it";

export class Section {
  readonly #begin: string;

  /** The section that this command writes. */
  constructor(command: string) {
    this.#begin = `<!-- written by ${command} -->`;
  }

  /** Markdown, between marks by which {@link of} finds it again. */
  mark(parts: readonly string[]): string {
    return [this.#begin, ...parts, END].join("\n\n");
  }

  /** The section in this page, marks included. */
  of(page: string): string | undefined {
    const begin = page.indexOf(this.#begin);
    const end = page.indexOf(END, begin);
    return begin < 0 || end < 0 ? undefined : page.slice(begin, end + END.length);
  }

  /** The page with this section in the place of the one it has, or before its end. */
  into(page: string, section: string): string {
    const old = this.of(page);
    if (old !== undefined) return page.replace(old, () => section);
    return page.includes(REPEAT)
      ? page.replace(REPEAT, () => `${section}\n\n${REPEAT}`)
      : `${page.trimEnd()}\n\n${section}\n`;
  }
}
