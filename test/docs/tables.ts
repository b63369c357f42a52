/** The part of a document from a heading to the next one of its level or a higher one. */
export function sectionOf(document: string, heading: string): string {
  const lines = document.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start < 0) throw new Error(`no section ${heading}`);
  const level = /^#+/.exec(lines[start] ?? "")?.[0].length ?? 0;
  const length = lines
    .slice(start + 1)
    .findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? 99) <= level);
  return lines.slice(start, length < 0 ? undefined : start + 1 + length).join("\n");
}

/** The rows of the table whose first heading is this. Backticks are left out, in the heading too. */
export function tableOf(section: string, firstHeading: string): string[][] {
  const lines = section.split("\n");
  const head = lines.findIndex(
    (line, at) => cellsOf(line)[0] === firstHeading && lines[at + 1]?.startsWith("| ---") === true,
  );
  if (head < 0) throw new Error(`no table that begins with ${firstHeading}`);
  const rows: string[][] = [];
  for (let at = head + 2; lines[at]?.startsWith("|") === true; at++) rows.push(cellsOf(lines[at] ?? ""));
  return rows;
}

function cellsOf(line: string): string[] {
  if (!line.startsWith("|")) return [];
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.replaceAll("`", "").trim());
}
