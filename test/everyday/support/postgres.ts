/** A PostgreSQL of a test's own: in a temporary folder, reached by a socket there, and gone with the test. */
import { spawn, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = "/usr/lib/postgresql";

/** Where Debian keeps the programs of the newest version that is installed. */
function programs(): string | undefined {
  if (!existsSync(FOLDER)) return undefined;
  const versions = readdirSync(FOLDER).sort((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => join(FOLDER, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")));
}

export const hasPostgres = programs() !== undefined;

export interface Postgres {
  /** What a client takes as its `host`: the folder of the socket. */
  readonly host: string;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const bin = programs();
  if (bin === undefined) throw new Error("PostgreSQL is not installed");
  const host = mkdtempSync(join(tmpdir(), "tidemark-pg-"));
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? idOf("postgres") : {};
  if (user.uid !== undefined && user.gid !== undefined) chownSync(host, user.uid, user.gid);
  const data = join(host, "data");
  const options = { cwd: host, ...user };
  const made = spawnSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync"], {
    ...options,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${said(made)}`);
  const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${host}`, "-c", "fsync=off"];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...settings], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`PostgreSQL ended: ${log}`)));
  });
  return {
    host,
    stop: async () => {
      const exit = once(server, "exit");
      server.kill("SIGINT");
      await exit;
      rmSync(host, { recursive: true, force: true });
    },
  };
}

function idOf(name: string): { uid?: number; gid?: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
}

const said = ({ stdout, stderr, error }: SpawnSyncReturns<string>): string =>
  `${error?.message ?? ""}${stdout}${stderr}`;
