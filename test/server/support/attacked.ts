/**
 * A server for hostile input over real sockets. After each test: the process is alive, a witness connection still gets
 * its messages, and nothing of the attacker is left.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { method, stream, tidemark, transient } from "../../../src/server/index.js";
import { Client } from "./client.js";
import { servedAt, quiet, type Served } from "./serve.js";

export const app = tidemark({ ...quiet, limits: { connectTimeout: 400 } })
  .channels({
    "chat/:id": stream({ retain: { count: 100 } }),
    "typing/:id": transient(),
  })
  .methods({ echo: method({ run: (input) => input }) });

/** Where the attacked server is; new before each file's first test. */
export let served: Served;
let server: Server;
let witness: Client;
let witnessCh: unknown;
let said = 0;
/** Sockets that the server holds, the witness's left out. */
const sockets = new Set<Socket>();
let emptied: (() => void) | undefined;

/** Serves the app to the tests of a file, with a witness beside them, and looks after each test that nothing of it is left. */
export function underAttack(): void {
  beforeAll(async () => {
    server = createServer({ headersTimeout: 300, connectionsCheckingInterval: 50 });
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        if (sockets.size === 0) emptied?.();
      });
    });
    app.attach(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    served = servedAt((server.address() as AddressInfo).port);
    witness = new Client(served.url);
    await new Promise((resolve) => witness.socket.once("open", resolve));
    const ok = await witness.ask({ connect: { subs: { "chat/witness": {} } } });
    witnessCh = (ok["subs"] as Record<string, { ch: number }>)["chat/witness"]?.ch;
    await witnessHears();
    sockets.clear();
  });

  afterAll(async () => {
    witness.socket.terminate();
    await app.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  beforeEach(({ onTestFinished }) => {
    // Runs last, after the attacker's socket was destroyed.
    onTestFinished(async () => {
      await allGone();
      emptied = undefined;
      expect(app.stats.connections).toBe(1);
    });
  });
  afterEach(witnessHears);
}

/** Resolves when the server holds no socket but the witness's. */
export async function allGone(): Promise<void> {
  if (sockets.size > 0) await new Promise<void>((resolve) => (emptied = resolve));
}

async function witnessHears(): Promise<void> {
  const text = `still here ${++said}`;
  await app.publish("chat/:id", { id: "witness" }, text);
  expect((await witness.message(witnessCh))[1]).toBe(text);
}
