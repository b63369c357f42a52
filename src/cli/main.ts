#!/usr/bin/env node
/** The `tidemark` command: which one of its parts is meant, and the help. */
import { TidemarkError } from "../client/index.node.js";
import { bench } from "./bench.js";
import { get } from "./get.js";
import { ls } from "./ls.js";
import { pub } from "./pub.js";
import { room } from "./room.js";
import { rooms } from "./rooms.js";
import { serve } from "./serve.js";
import { set } from "./set.js";
import { sub } from "./sub.js";
import { UsageError } from "./usage.js";
import { watch } from "./watch.js";
import { whoami } from "./whoami.js";

const USAGE = `tidemark - real-time channels that never lose their place

  tidemark serve [options]     a server of its own, for clients and backends in any language
  tidemark sub CHANNEL         prints the channel's messages, and follows
  tidemark pub CHANNEL [JSON]  publishes a message; without one, each line of standard input
  tidemark watch CHANNEL       prints what a channel of keys holds, or what happens in a room, and follows
  tidemark get CHANNEL [KEY…]  what a channel of keys holds, or some of its keys
  tidemark set CHANNEL KEY=JSON…  sets keys, all of them at once
  tidemark ls [BEGINNING]      channels that somebody is subscribed to, with counts
  tidemark rooms [BEGINNING]   rooms that servers run now, with who is in them and what they cost
  tidemark room CHANNEL        how a room is, and who is in it
  tidemark room DEED CHANNEL   does something with a room: kick, send, close, checkpoint or revive
  tidemark whoami              what the server says to this token
  tidemark bench [URL]         how fast a server delivers, under a load that you choose
  tidemark help                this text

Options of sub, pub, watch, get, set, ls, rooms, room and whoami:
  --url URL        where the server is; or TIDEMARK_URL; default ws://localhost:8080/connect
  --token TEXT     who this is; or TIDEMARK_TOKEN; not for get, set, ls, rooms, room, and watch of a room
  --api-key K      the server's API key; or TIDEMARK_API_KEY; for those
  --json           prints a JSON object a line

  sub  --last N    begin N messages back
       --since T   begin at a time: 14:05, 2026-01-31T14:05, or 5m, 2h, 7d ago
       --count N   end after N messages
  watch
       --prefix P  keys that begin so; or --key K, which may be given several times
       --rate N    N times a second at most
       --count N   end after N changes
       --table T   of a room: these rows only, and with --key K these of them
  get  --prefix P  keys that begin so
  set  --ttl T     the keys that are set are deleted after that, such as 30s, unless they are set again
       --delete K  deletes a key too; may be given several times
       --if-absent only where none of the keys that are set is there
  room kick CHANNEL SEAT, room close CHANNEL
       --reason T  what players are told
  room send CHANNEL EVENT [JSON]
       --to SEAT   whom; everybody in the room unless set
  pub, get, set, ls, rooms, room, whoami
       --timeout S give up after so many seconds; default 30 for pub, 10 for the others

  bench --channel NAME    default chat/bench; it must take any JSON, and keeps what is published
       --subscribers N   default 100; --publishers N, default 4
       --rate N          messages a second of all publishers, default 50; or
       --in-flight N     the next message when one of N has reached everybody
       --payload N       bytes of a message, default 64
       --seconds N       default 10, after --warm-up N, default 2

Options of serve:
  --port N         default 8080, or PORT
  --host NAME      default all interfaces, or HOST
  --config FILE    which channels there are: a JSON file, see below
  --origin URL     pages of this origin may connect too; may be given several times
  --api-key KEY    lets backends and tidemark ls ask /api/channels; or TIDEMARK_API_KEY, which ps does not show
  --data DIR       keeps the logs there, on the disk; without it they are in memory and end with the process
  --broker URL     keeps them in Redis, for any number of servers: redis://HOST:6379, or see the guide for TLS, Sentinel
                   and Cluster; or TIDEMARK_BROKER, which ps does not show
  --workers N      N processes share the port and the logs; needs --data or --broker
  --grace S        how many seconds clients may take to move when it stops; default 30
  --restored       the folder of --data is from a snapshot of the whole disk or machine: every channel begins a new epoch
  --sync none      answers before the disk has it: faster, and lost with the machine's power; default disk

The config file says what each channel pattern is:
  { "channels": { "chat/:id": { "kind": "stream", "retain": { "count": 1000, "for": "7d" }, "presence": true },
                  "typing/:id": { "kind": "transient" },
                  "metrics/:id": { "kind": "state", "rate": 20, "ttl": "1m", "keys": 10000, "bytes": 1048576 } } }
Without one there are just these: chat/:id, keeping 1,000 messages, with presence, and typing/:id.

SIGTERM and ^C stop it: clients move within the grace, a second one ends it at once. SIGHUP has each worker followed by
a new one, which reads the config file anew.

Exit codes: 0 done, or stopped by ^C while following; 1 the server said no, or could not be reached; 2 the
command line was not understood; 130 publishing was stopped by ^C.
`;

async function main([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case "serve":
      return serve(args, process.env);
    case "sub":
      return sub(args, process.env);
    case "pub":
      process.exitCode = await pub(args, process.env);
      return;
    case "watch":
      return watch(args, process.env);
    case "get":
      process.exitCode = await get(args, process.env);
      return;
    case "set":
      return set(args, process.env);
    case "ls":
      return ls(args, process.env);
    case "rooms":
      return rooms(args, process.env);
    case "room":
      return room(args, process.env);
    case "whoami":
      return whoami(args, process.env);
    case "bench":
      process.exitCode = await bench(args, process.env);
      return;
    case undefined:
    case "help":
    case "--help":
    case "-h":
      process.stdout.write(USAGE);
      return;
    default:
      throw new UsageError(`there is no command ${JSON.stringify(command)}; try tidemark help`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`tidemark: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  // The server, or the way to it, said no: that is an answer, not a defect.
  if (error instanceof TidemarkError) {
    process.stderr.write(`tidemark: ${error.message} (${error.code})\n`);
    process.exitCode = 1;
    return;
  }
  process.stderr.write(
    `tidemark: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
