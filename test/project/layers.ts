import { posix } from "node:path";

/** Which layers a layer may import, besides itself. Imports point down only; nothing imports `testing`. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  cli: ["server", "client", "load", "broker", "room", "protocol"],
  server: ["broker", "room", "protocol"],
  react: ["client", "room", "protocol"],
  client: ["room", "protocol"],
  broker: ["protocol"],
  room: ["protocol"],
  protocol: [],
  load: [],
  testing: ["server", "client", "broker", "room", "protocol"],
};

/** The folders of the server that one of its folders must stay clear of: delivery is below feed, and feed below connection. */
const SERVER_MUST_NOT: Record<string, readonly string[]> = {
  delivery: ["feed", "kinds", "channels", "connection", "inspection", "state", "transports"],
  feed: ["connection", "inspection", "state", "transports"],
  kinds: ["channels", "connection", "inspection", "state", "transports"],
  channels: ["feed", "connection", "inspection", "state", "transports"],
  connection: ["state"],
};

/** Folders of the server that are about one kind. */
const ABOUT_KIND: Record<string, string> = { state: "slots" };

/** Who may know one kind from another. All else knows what `kinds/kind.ts` says of them. */
const KNOW_KINDS: readonly string[] = [
  "src/server/channels/define.ts",
  "src/server/channels/define-state.ts",
  "src/server/channels/define-room.ts",
  "src/server/engine.ts",
];

/** The one package that each broker with a folder of its own is made for. */
const DRIVERS: Record<string, string> = {
  "src/broker/redis/": "ioredis",
  "src/broker/local/": "lmdb",
};

/** What decides for several brokers knows none of them, but their contract. */
const BELOW_BROKERS = "src/broker/log/";
const CONTRACT = new Set(
  ["contract", "slots-contract", "reign-contract", "values"].map((name) => `src/broker/${name}.ts`),
);

/** The file that a relative import means, or undefined if it names a package or a part of Node. */
export function targetFile(importer: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return posix.join(posix.dirname(importer), specifier).replace(/\.js$/, ".ts");
}

/** What is wrong with an import, as a sentence; undefined if it is allowed. `packages` are the declared ones. */
export function importFault(
  importer: string,
  specifier: string,
  packages: ReadonlySet<string>,
): string | undefined {
  const layer = layerOf(importer);
  const allowed = MAY_IMPORT[layer];
  if (allowed === undefined) return `${importer} is in no layer that test/project/layers.ts knows`;
  const target = targetFile(importer, specifier);
  if (target === undefined) {
    return mayUse(importer, specifier, packages) ? undefined : `${importer} must not import "${specifier}"`;
  }
  if (importer.startsWith(BELOW_BROKERS) && !mayUseBelowBrokers(target)) {
    return `${importer} must not import ${target}: it is below the brokers`;
  }
  const below = layerOf(target);
  if (below === layer) return layer === "server" ? serverFault(importer, target) : undefined;
  if (allowed.includes(below)) return undefined;
  return `${importer} must not import ${target}: ${layer} is not above ${below}`;
}

function mayUseBelowBrokers(target: string): boolean {
  return target.startsWith(BELOW_BROKERS) || CONTRACT.has(target) || layerOf(target) === "protocol";
}

/** The same for two files of the server. */
function serverFault(importer: string, target: string): string | undefined {
  const [folder = "", kind] = foldersInServer(target);
  const [importing = "", importingKind] = foldersInServer(importer);
  if (SERVER_MUST_NOT[importing]?.includes(folder) === true)
    return `${importer} must not import ${target}: ${importing} is not above ${folder}`;
  if (folder !== "kinds" || kind === undefined || KNOW_KINDS.includes(importer)) return undefined;
  if (importing === "kinds" && importingKind === kind) return undefined;
  if (ABOUT_KIND[importing] === kind) return undefined;
  return `${importer} must not import ${target}: it may know what a kind is, and not which`;
}

/** `src/server/kinds/stream/tail.ts` is in `kinds`, and there in `stream`. */
function foldersInServer(path: string): string[] {
  return path.split("/").slice(2, -1);
}

/** Whether a file may import this package or part of Node. */
function mayUse(importer: string, specifier: string, packages: ReadonlySet<string>): boolean {
  const isNode = specifier.startsWith("node:");
  const name = packageName(specifier);
  switch (layerOf(importer)) {
    case "protocol":
      return false;
    // What both sides of a room know of its schemas: types.
    case "room":
      return name === "@standard-schema/spec";
    case "client":
      return importer.endsWith(".node.ts") && (isNode || name === "ws");
    case "react":
      return name === "react";
    case "broker": {
      const driver = Object.entries(DRIVERS).find(([folder]) => importer.startsWith(folder))?.[1];
      return driver !== undefined && (isNode || name === driver);
    }
    default:
      return isNode || packages.has(name);
  }
}

/** `src/server/feed/batch.ts` is in `server`. */
function layerOf(path: string): string {
  return path.split("/")[1] ?? "";
}

/** `@scope/name/part` belongs to `@scope/name`, `name/part` to `name`. */
function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Some cycle among the files, as the list of files that it goes through; undefined if there is none. */
export function findCycle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
