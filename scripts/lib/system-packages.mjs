// Programs that tests use and npm does not bring. As root on Debian they are installed, elsewhere only named.
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "./run.mjs";

/** `name` is the Debian package. */
const NEEDED = [
  { name: "chromium", command: "chromium", tests: "the browser tests" },
  { name: "nginx", command: "nginx", tests: "the tests of transports behind nginx" },
  {
    name: "haproxy",
    command: "haproxy",
    tests: "the tests of transports behind HAProxy, and the check of its example,",
  },
  { name: "openssl", command: "openssl", tests: "the tests over TLS and HTTP/2" },
  { name: "redis-server", command: "redis-server", tests: "the tests of the Redis broker" },
  // Debian keeps the server's own programs off the path; this one comes with them.
  { name: "postgresql", command: "pg_ctlcluster", tests: "the tests of saving to PostgreSQL" },
];

/** Installs what is missing where it can; returns the names of what is missing still. */
export async function ensureSystemPackages() {
  const missing = findMissing();
  if (missing.length === 0) return [];
  if (isDebian() && process.getuid?.() === 0) await aptInstall(missing.map(({ name }) => name));
  return findMissing().map(({ name, tests }) => {
    console.log(`Missing: ${name}. Without it ${tests} are skipped. As root: apt-get install ${name}`);
    return name;
  });
}

const findMissing = () => NEEDED.filter(({ command }) => !isOnPath(command));

function isOnPath(command) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function isDebian() {
  const release = "/etc/os-release";
  return existsSync(release) && /^ID=debian$/m.test(readFileSync(release, "utf8"));
}

async function aptInstall(names) {
  console.log(`Installing system packages for the tests: ${names.join(", ")}…`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await withoutServices(async () => {
    if ((await run("apt-get", ["update", "-q"], env)) !== 0) return;
    const options = ["-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
    await run("apt-get", ["install", ...options, ...names], env);
  });
}

/** Debian starts a server as soon as it is installed, unless this file tells it not to. */
async function withoutServices(work) {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return work();
  const remove = () => rmSync(policy, { force: true });
  process.once("exit", remove); // also when a signal ends us in the middle
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    remove();
  }
}
