import assert from "node:assert/strict";
import { range, type Rule } from "./kit.js";
import { BYTES, JSON_VALUES } from "./values.js";

const VALUES = [...JSON_VALUES, ...BYTES];

/** Messages: all of them, once, in order, whatever happens to the connection. */
export const deliveryRules: readonly Rule[] = [
  {
    name: "G1: every message comes once and in order, while they come fast",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "log/a" });
      for (const n of range(500)) {
        await app.publishTo("log/a", n);
        if (n % 50 === 0) await kit.pass(1);
      }
      await kit.gets(told, range(500));
      assert.deepEqual(told.gaps, []);
    },
  },
  {
    name: "L3, W3: JSON of every kind, letters of every script and bytes come as the application published them",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "log/a" });
      for (const value of VALUES) await app.publishTo("log/a", value);
      await kit.gets(told, VALUES);
    },
  },
  {
    name: "C20: what was missed while the connection was cut comes when it is back, and nothing twice",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "log/a" });
      await app.publishTo("log/a", 0);
      await kit.gets(told, [0]);
      for (const n of range(3, 1)) {
        kit.harness.cut();
        await app.publishTo("log/a", n);
        kit.harness.mend();
        await kit.gets(told, range(n + 1));
      }
      assert.deepEqual(told.gaps, []);
    },
  },
  {
    name: "C6: what is not kept any more is told as a gap, and the rest follows",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "short/a" });
      await app.publishTo("short/a", "seen");
      await kit.gets(told, ["seen"]);
      kit.harness.cut();
      for (const n of range(5)) await app.publishTo("short/a", n);
      kit.harness.mend();
      await kit.gets(told, ["seen", 3, 4]);
      assert.deepEqual(
        told.gaps.map(({ reason }) => reason),
        ["trimmed"],
      );
    },
  },
  {
    name: "C15: a subscription that begins back in the log gets everything from there",
    async check(kit) {
      const app = await kit.app();
      for (const n of range(2000)) await app.publishTo("log/a", `${n} ${"x".repeat(100)}`);
      const told = await kit.receiving({ channel: "log/a", last: 1000 });
      await kit.gets(
        told,
        range(1000, 1000).map((n) => `${n} ${"x".repeat(100)}`),
      );
    },
  },
  {
    name: "P10: publishes of one client enter the log in their order, though the connection is cut again and again",
    needs: ["commands"],
    async check(kit) {
      const writer = await kit.client();
      const account = await kit.listening(await kit.client(), "log/a");
      const handle = (await kit.listening(writer, "log/b")).handle;
      void handle;
      const log = writer.stream("log/a" as never) as unknown as {
        publish(data: unknown): Promise<{ offset: number }>;
      };
      const done: Promise<{ offset: number }>[] = [];
      for (const n of range(300)) {
        done.push(log.publish(n));
        if (n % 100 === 50) {
          kit.harness.cut();
          await kit.pass(5);
          kit.harness.mend();
        } else if (n % 10 === 0) await kit.pass(1);
      }
      const offsets = (await Promise.all(done)).map(({ offset }) => offset);
      await kit.gets(account, range(300));
      assert.deepEqual(
        account.messages.map(({ offset }) => offset),
        offsets,
      );
    },
  },
  {
    name: "N5: channels come and go while others go on, without a hole in those",
    needs: ["channels"],
    async check(kit) {
      const app = await kit.app();
      const client = await kit.client();
      const account = await kit.listening(client, "log/a");
      for (const n of range(10)) {
        await app.publishTo("log/a", n * 2);
        const other = await kit.listening(client, `log/other-${n}`);
        await app.publishTo("log/a", n * 2 + 1);
        await app.publishTo(`log/other-${n}`, "hello");
        await kit.gets(other, ["hello"]);
        if (n % 2 === 0) other.handle.close();
      }
      await kit.gets(account, range(20));
      assert.deepEqual(account.gaps, []);
    },
  },
  {
    name: "S2: after a handle was closed nothing of its channel comes",
    needs: ["channels"],
    async check(kit) {
      const app = await kit.app();
      const client = await kit.client();
      const [kept, closed] = [await kit.listening(client, "log/a"), await kit.listening(client, "log/b")];
      closed.handle.close();
      await app.publishTo("log/b", "too late");
      await app.publishTo("log/a", "after");
      await kit.gets(kept, ["after"]);
      assert.deepEqual(closed.data(), []);
    },
  },
  {
    name: "F1: a subscriber that nothing got through to for a while gets everything then",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "log/a" });
      kit.harness.stall();
      const text = "x".repeat(1000);
      for (const n of range(3000)) {
        await app.publishTo("log/a", `${n} ${text}`);
        if (n % 20 === 0) await kit.pass(0);
      }
      kit.harness.flow();
      await kit.gets(
        told,
        range(3000).map((n) => `${n} ${text}`),
      );
      assert.deepEqual(told.gaps, []);
    },
  },
  {
    name: "T1: a channel without a log tells those who are there",
    async check(kit) {
      const app = await kit.app();
      const told = await kit.receiving({ channel: "now/a", transient: true });
      // Over polls one is not there all the time.
      for (let n = 0; told.data().length < 3; n++) {
        await app.publishTo("now/a", n);
        await kit.pass(5);
      }
      const heard = told.data().map(Number);
      assert.deepEqual(
        heard,
        [...heard].sort((a, b) => a - b),
      );
    },
  },
];
