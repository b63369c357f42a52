/** A network of our own, whose loopback has links that are as slow as wanted: needs Linux, `ip`, `tc`, and the right to make one. */
import { spawnSync } from "node:child_process";

const INSIDE = "TIDEMARK_OWN_NETWORK";
/** As root, or as the root of a namespace of users. */
const WAYS = [
  ["unshare", "-n"],
  ["unshare", "-r", "-n"],
] as const;
/** One packet is one packet: otherwise what counts as one may have 64 KiB, and a queue of twenty of them a megabyte. */
const LOOPBACK = "ip link set dev lo gso_max_segs 1 gso_max_size 1500 && ip link set lo mtu 1500 up";
const TRY = `${LOOPBACK} && tc qdisc add dev lo root handle 1: htb && tc qdisc del dev lo root`;
/** Where `ip` and `tc` are for whoever has no such path. */
const ENV = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };

/** Whether this process runs in a network of its own. */
export function isInside(): boolean {
  return process.env[INSIDE] !== undefined;
}

/**
 * Runs this program again, in a network of its own. Returns its exit code; `undefined` where there is no such thing here.
 *
 * @param program with its arguments
 */
export function runInside(program: readonly string[]): number | undefined {
  const way = WAYS.find(
    ([command, ...options]) =>
      spawnSync(command, [...options, "sh", "-c", TRY], { stdio: "ignore", env: ENV }).status === 0,
  );
  if (way === undefined) return undefined;
  const [command, ...options] = way;
  const { status } = spawnSync(command, [...options, process.execPath, ...program], {
    stdio: "inherit",
    env: { ...ENV, [INSIDE]: "1" },
  });
  return status ?? 1;
}

/** How many packets may wait on a slow link. */
const QUEUE = 20;

/**
 * Makes what goes to each of so many addresses as slow as that, in bytes a second. Returns the addresses: who connects from
 * one of them is behind such a link.
 */
export function slowAddresses(count: number, bytesPerSecond: number): string[] {
  const addresses = Array.from({ length: count }, (_, i) => `127.0.1.${i + 1}`);
  const lines = addresses.flatMap((address, i) => {
    const id = (0x10 + i).toString(16);
    const rate = `${bytesPerSecond * 8}bit`;
    return [
      `class add dev lo parent 1: classid 1:${id} htb rate ${rate} ceil ${rate} burst 3000 cburst 3000 quantum 1514`,
      `qdisc add dev lo parent 1:${id} handle ${id}: pfifo limit ${QUEUE}`,
      `filter add dev lo parent 1: protocol ip prio 1 u32 match ip dst ${address}/32 flowid 1:${id}`,
    ];
  });
  run("sh", ["-c", LOOPBACK], "");
  run("tc", ["-batch", "-"], ["qdisc add dev lo root handle 1: htb", ...lines, ""].join("\n"));
  return addresses;
}

function run(command: string, args: readonly string[], input: string): void {
  const { status, stderr } = spawnSync(command, args, { input, encoding: "utf8", env: ENV });
  if (status !== 0) throw new Error(`${command} ended with ${String(status)}: ${stderr}`);
}
