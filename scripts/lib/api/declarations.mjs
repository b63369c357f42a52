// Reads declaration files (.d.ts) by simple means: what an entry point exports, and the text of each declaration.
// They are written by the compiler, so their form is known.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * All exports of a declaration file, by name, each with its declarations (a function may have several).
 *
 * @returns {Map<string, { name: string, kind: string, text: string, comment: string }[]>}
 */
export function exportsOf(path) {
  const found = new Map();
  const text = readFileSync(path, "utf8");
  for (const declaration of declarationsIn(text)) add(found, declaration.name, declaration);
  for (const [, list, from] of blanked(text).matchAll(/^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm)) {
    const there = exportsOf(join(dirname(path), from.replace(/\.js$/, ".d.ts")));
    for (const item of list.split(",").filter((each) => each.trim() !== "")) {
      const [name, alias = name] = item
        .trim()
        .replace(/^type /, "")
        .split(" as ");
      const declarations = there.get(name);
      if (declarations === undefined) throw new Error(`${path}: ${from} exports no ${name}`);
      for (const declaration of declarations) add(found, alias, { ...declaration, name: alias });
    }
  }
  if (/^export \*/m.test(blanked(text)))
    throw new Error(`${path}: export * says nothing about what is exported`);
  return found;
}

function add(found, name, declaration) {
  found.set(name, [...(found.get(name) ?? []), declaration]);
}

const START = /^export (?:declare )?(?:abstract )?(function|const|class|interface|type) (\w+)/gm;

function declarationsIn(text) {
  const code = blanked(text);
  return [...code.matchAll(START)].map(({ 1: kind, 2: name, index }) => ({
    name,
    kind,
    text: text.slice(index, endOf(code, index, kind)),
    comment: commentBefore(text, index),
  }));
}

/** The same length of text, with what is in comments and strings blanked out. */
function blanked(text) {
  return text.replaceAll(
    /\/\*[^]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g,
    (part, index) =>
      // Where an export comes from is a string, too.
      text.slice(index - 5, index).endsWith("from ") ? part : part.replaceAll(/[^\n"]/g, " "),
  );
}

/** Behind the closing brace of a class or an interface, and behind the semicolon of everything else. */
function endOf(code, start, kind) {
  const braced = kind === "class" || kind === "interface";
  let depth = 0;
  for (let at = start; at < code.length; at++) {
    if ("{([".includes(code[at])) depth++;
    else if ("})]".includes(code[at])) {
      depth--;
      if (depth === 0 && braced && code[at] === "}") return at + 1;
    } else if (code[at] === ";" && depth === 0) return at + 1;
  }
  throw new Error(`a declaration does not end: ${code.slice(start, start + 80)}`);
}

/** The doc comment right before a declaration, without its stars. */
function commentBefore(text, index) {
  const comment = /\/\*\*((?:(?!\*\/)[^])*)\*\/\s*$/.exec(text.slice(0, index))?.[1] ?? "";
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}
