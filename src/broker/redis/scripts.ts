import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A Lua script, which Redis knows by the hash of its text. */
export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

function load(name: string, ...before: string[]): Script {
  const texts = [...before, name].map((file) =>
    readFileSync(new URL(`lua/${file}.lua`, import.meta.url), "utf8"),
  );
  const text = texts.join("\n");
  return { name, text, sha: createHash("sha1").update(text).digest("hex") };
}

/** The scripts; what each of them does and takes stands at its top. */
export const scripts = {
  append: load("append", "log-keys"),
  read: load("read", "log-keys"),
  seal: load("seal", "log-keys"),
  present: load("present", "presence-keys"),
  sweep: load("sweep", "presence-keys"),
  members: load("members", "presence-keys"),
  nodeRenew: load("node-renew"),
  nodeBury: load("node-bury"),
  nodeList: load("node-list"),
  leaseTake: load("lease-take"),
  leaseRenew: load("lease-renew"),
  leaseRelease: load("lease-release"),
} as const;
