// The pages of docs/api, and docs/exports.txt, out of the entry points' declarations.

/** One line an export: what anybody may rely on. */
export function exportsList(entries) {
  return entries
    .map(({ name, exports }) => {
      const lines = [...exports].map(([each, [{ kind }]]) => `  ${kind} ${each}`).sort();
      return `${name}\n${lines.join("\n")}\n`;
    })
    .join("\n");
}

const HEAD = `# API

Every export of every entry point, from its declarations and their comments. Made by \`npm run api\`; do not edit.
Rules are numbered in [spec.md](../spec.md), and one thing a page is in the [guide](../guide/README.md).
`;

const VALUES = new Set(["function", "class", "const"]);

/** The index and a page an entry point, by file name. */
export function apiPages(entries) {
  const contents = entries.map(({ name, page, what }) => `- [\`${name}\`](${page}): ${what}`).join("\n");
  return new Map([
    ["README.md", `${HEAD}\n${contents}\n`],
    ...entries.map((entry) => [entry.page, apiPage(entry)]),
  ]);
}

function apiPage({ name, what, more, exports }) {
  const slugOf = slugs();
  slugOf(name);
  const items = [...exports].map(([each, declarations]) => ({ name: each, declarations }));
  const values = items.filter(({ declarations: [{ kind }] }) => VALUES.has(kind));
  const types = items.filter((item) => !values.includes(item));
  const linkTo = (item) => `[\`${item.name}\`](#${slugOf(item.name)})`;
  // In the order in which they stand on the page: the second heading of a name has another anchor.
  const lists = [
    ...(values.length > 0 ? [`Values: ${values.map(linkTo).join(", ")}.`] : []),
    ...(types.length > 0 ? [`Types: ${types.map(linkTo).join(", ")}.`] : []),
  ];
  const text = [`# ${name}`, `${what} ${more}`, ...lists, ...[...values, ...types].map(partOf)].join("\n\n");
  return `${text.replaceAll(/\n{3,}/g, "\n\n")}\n`;
}

/** As GitHub makes anchors: the second one of a name is called -1. */
function slugs() {
  const counts = new Map();
  return (heading) => {
    const slug = heading.toLowerCase().replaceAll(/[^\w -]/g, "");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
}

function partOf({ name, declarations }) {
  const comment = declarations.map((each) => each.comment).find((text) => text !== "") ?? "";
  const code = declarations.map(({ text }) => codeOf(text)).join("\n");
  return [`## ${name}`, ...proseOf(comment), fenced(code)].join("\n\n");
}

/** The declaration as one would write it, without what is private. */
function codeOf(text) {
  return text
    .replace(/^export (declare )?/, "")
    .split("\n")
    .filter((line) => !/^ +(#private;|readonly "~)/.test(line))
    .map((line) => line.replace(/^( {4})+/, (spaces) => " ".repeat(spaces.length / 2)))
    .join("\n")
    .replace(/^const [^]*/, (constant) =>
      // Tables such as that of the error codes have a page of their own.
      constant.split("\n").length > 20 ? constant.replaceAll(/\{\n {4}[^]*?\n {2}\};/g, "…;") : constant,
    );
}

function fenced(code) {
  return `\`\`\`ts fragment\n${code.trim()}\n\`\`\``;
}

/** A doc comment as Markdown: its text, then parameters and errors as a list, then examples. */
function proseOf(comment) {
  const [text = "", ...tags] = comment.split(/^(?=@\w)/m);
  const facts = [];
  const examples = [];
  for (const tag of tags) {
    const [, name, rest = ""] = /^@(\w+)\s*([^]*)$/.exec(tag.trim()) ?? [];
    if (name === "example") examples.push(`For example:\n\n${fenced(rest)}`);
    else facts.push(factOf(name, rest));
  }
  return [linked(text), facts.join("\n"), ...examples]
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function factOf(tag, rest) {
  const text = linked(rest.replaceAll(/\s*\n\s*/g, " "));
  const [, first = "", more = ""] = /^(\{[^}]*\}|\S+)\s*([^]*)$/.exec(text) ?? [];
  switch (tag) {
    case "param":
      return `- \`${first}\`: ${more}`;
    case "throws":
      return `- Throws \`${first.replaceAll(/[{}]/g, "")}\`: ${more}`;
    case "returns":
      return `- Returns ${text}`;
    default:
      throw new Error(`@${tag} is no tag that scripts/lib/api/pages.mjs knows`);
  }
}

function linked(text) {
  return text.replaceAll(/\{@link (\S+?)\}/g, "`$1`");
}
