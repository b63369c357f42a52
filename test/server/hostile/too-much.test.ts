/** Too much of something, and at the end: memory has not grown. */
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { tidemark } from "../../../src/server/index.js";
import { connect } from "../support/client.js";
import { CLOSE, PING, TEXT, frame, upgrade, type Raw } from "../support/raw.js";
import { quiet } from "../support/serve.js";
import { app, served, underAttack, allGone } from "../support/attacked.js";

underAttack();

describe("too much of something", () => {
  it("S5, K7: 10,000 subscriptions as commands: each is answered, 1,000 at most with ok", async () => {
    const client = await connect(served.url);
    for (let i = 0; i < 10_000; i += 200) {
      client.send(...Array.from({ length: 200 }, (_, j) => ({ id: i + j, subscribe: `chat/${i + j}` })));
    }
    const answered = client.until(() => (client.lines.length === 10_000 ? true : undefined));
    // A fast machine gets to the end of the server's patience (K8), a slow one to its answers.
    const [{ status }] = await Promise.allSettled([answered]);
    if (status === "rejected") expect((await client.closed).code).toBe(4005);
    const outcomes = new Map<string, number>();
    for (const line of client.lines) {
      const outcome = (line as { error?: { code: string } }).error?.code ?? "ok";
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(
      [...outcomes.keys()].filter((code) => !["ok", "rate_limited", "limit_reached"].includes(code)),
    ).toEqual([]);
    expect(outcomes.get("ok")).toBeLessThanOrEqual(1000);
  });

  it("K7: what is over the rate is answered with rate_limited, and with when to come again", async () => {
    const client = await connect(served.url);
    client.send(...Array.from({ length: 500 }, (_, id) => ({ id, call: "echo", data: id })));
    const refused = await client.take((line) => "error" in line);
    expect(refused).toMatchObject({
      error: { code: "rate_limited", retry: true, after: expect.any(Number) },
    });
  });

  it("K7: a flood of pings is refused like any other", async () => {
    const client = await connect(served.url);
    client.send("{}\n".repeat(2000));
    expect(await client.take((line) => "error" in line)).toMatchObject({ error: { code: "rate_limited" } });
  });

  it("a frame of 40,000 blank lines", async () => {
    const client = await connect(served.url);
    client.send("\n".repeat(100_000));
    await client.settled();
  });

  it("a million fragments of nothing", async () => {
    const raw = await upgrade(served.port);
    raw.write(frame(TEXT, "", { fin: false }));
    raw.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame(0, "", { fin: false }))));
    raw.write(frame(0, '{"id":1,"connect":{}}'));
    const answer = await raw.frame();
    expect([TEXT, CLOSE]).toContain(answer.opcode);
  });

  it("K19, G6: WebSocket pings without end from a peer that does not read the pongs", async ({
    onTestFinished,
  }) => {
    // Where nothing else stops it.
    const unlimited = tidemark({ ...quiet, limits: { frames: false, bytes: false } });
    const own = createServer();
    unlimited.attach(own);
    let held: Socket | undefined;
    own.on("connection", (socket: Socket) => (held = socket));
    await new Promise<void>((resolve) => own.listen(0, "127.0.0.1", resolve));
    onTestFinished(async () => {
      await unlimited.close();
      own.close();
    });
    const raw = await upgrade((own.address() as AddressInfo).port);
    raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
    await raw.frame();
    raw.socket.pause();
    const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(PING, "p".repeat(125))));
    // 32 MB of pings: what the server would say to them fits into no socket's buffer.
    for (let i = 0; i < 500; i++)
      if (!raw.socket.write(pings)) await new Promise((resolve) => raw.socket.once("drain", resolve));
    expect(held?.writableLength).toBeLessThan(64 * 1024);
  });

  it("K16, S9: subscriptions that are refused leave nothing behind", async () => {
    const client = await connect(served.url);
    const start = await heap();
    for (let i = 0; i < 300; i++) client.send({ id: i, subscribe: `nowhere/${i}/${"x".repeat(200)}` });
    await client.answer(299);
    expect((await heap()) - start).toBeLessThan(4 * 1024 * 1024);
  });
});

/** What is in use. One collection leaves what another one finds, and buffers go between two; so until nothing more goes. */
async function heap(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let least = Infinity;
  for (let i = 0; i < 20; i++) {
    collect();
    await new Promise(setImmediate);
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + external + arrayBuffers;
    if (i > 1 && now > least - 64 * 1024) break;
    least = Math.min(least, now);
  }
  return least;
}

let memoryBefore = 0;

describe("G6: at the end", () => {
  /** One attacker after the other, each with what costs most. */
  async function attack(rounds: number): Promise<void> {
    const raws: Raw[] = [];
    for (let i = 0; i < rounds; i++) {
      const raw = await upgrade(served.port);
      raw.write(frame(TEXT, '{"id":1,"connect":{}}'));
      raw.write(
        frame(
          TEXT,
          `${JSON.stringify({ id: 2, publish: "chat/big", data: "x".repeat(60_000) })}\n${"{}\n".repeat(300)}`,
        ),
      );
      raw.write(frame(TEXT, "rubbish"));
      raws.push(raw);
    }
    await Promise.all(raws.map((raw) => raw.closeFrame()));
    for (const raw of raws) raw.socket.destroy();
    for (const raw of raws) raw.received = Buffer.alloc(0);
    await allGone();
  }

  it("300 more attackers leave no more memory in use than the first 100 did", async () => {
    await attack(100);
    memoryBefore = await heap();
    for (let i = 0; i < 3; i++) await attack(100);
    expect((await heap()) - memoryBefore).toBeLessThan(4 * 1024 * 1024);
    expect(app.stats.connections).toBe(1);
  });
});
