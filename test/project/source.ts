import { parseSync } from "vite";
import { readText } from "./files.js";

/** What the rules about sources look at, taken from a file's syntax tree. */
export interface Source {
  /** Every module that is imported in any way, types included, as it is written. */
  readonly imports: readonly string[];
  readonly exportsAll: boolean;
  /** `new Date()` or `Date()`: the only reading of the time that the linter cannot tell from a harmless use. */
  readonly readsDate: boolean;
}

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

export function readSource(path: string): Source {
  return parseSource(path, readText(path));
}

export function parseSource(path: string, text: string): Source {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports: string[] = [];
  let exportsAll = false;
  let readsDate = false;
  for (const node of nodesOf(program)) {
    const target = importTarget(node);
    if (target !== undefined) imports.push(target);
    if (node.type === "ExportAllDeclaration") exportsAll = true;
    if (isDateOfNow(node)) readsDate = true;
  }
  return { imports, exportsAll, readsDate };
}

function importTarget(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return literal(node["source"]);
    case "TSExternalModuleReference":
      return literal(node["expression"]);
    default:
      return undefined;
  }
}

function literal(value: unknown): string | undefined {
  return isNode(value) && typeof value["value"] === "string" ? value["value"] : undefined;
}

function isDateOfNow(node: Node): boolean {
  const { callee, arguments: given } = node;
  const isDate = isNode(callee) && callee["name"] === "Date";
  if (node.type === "CallExpression") return isDate;
  return node.type === "NewExpression" && isDate && Array.isArray(given) && given.length === 0;
}

function* nodesOf(value: unknown): Generator<Node> {
  if (isNode(value)) yield value;
  if (typeof value !== "object" || value === null) return;
  for (const child of Object.values(value)) yield* nodesOf(child);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
