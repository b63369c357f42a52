import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A Lua script, which Redis knows by the hash of its text. */
export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

/** Read when it is first used: importing this costs nothing. */
function script(name: string, ...before: string[]): Script {
  let loaded: { text: string; sha: string } | undefined;
  const load = (): { text: string; sha: string } => {
    if (loaded !== undefined) return loaded;
    const files = [...before, name].map((file) => new URL(`lua/${file}.lua`, import.meta.url));
    const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
    return (loaded = { text, sha: createHash("sha1").update(text).digest("hex") });
  };
  return {
    name,
    get text() {
      return load().text;
    },
    get sha() {
      return load().sha;
    },
  };
}

/** In front of those that remember keys. */
const KEYED = ["log-keys", "sequence-rings", "log-call", "key-memory"] as const;

/** The scripts; what each of them does and takes stands at its top. */
export const scripts = {
  append: script("append", ...KEYED, "append-decide", "append-write"),
  change: script("change", ...KEYED, "slots-keys", "change-decide", "change-write"),
  reign: script("reign", "log-keys", "log-call", "slots-keys"),
  read: script("read", "log-keys"),
  readSlots: script("read-slots", "log-keys", "slots-keys"),
  present: script("present", "presence-keys"),
  sweep: script("sweep", "presence-keys"),
  members: script("members", "presence-keys"),
  nodeRenew: script("node-renew"),
  nodeBury: script("node-bury"),
  nodeList: script("node-list"),
  leaseTake: script("lease-take"),
  leaseRenew: script("lease-renew"),
  leaseRelease: script("lease-release"),
} as const;
