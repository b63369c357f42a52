import assert from "node:assert/strict";
import type { Stream } from "../../client/index.js";
import { codeOf, range, type Rule } from "./kit.js";
import { BYTES, JSON_VALUES } from "./values.js";

/** Commands and their answers. */
export const commandRules: readonly Rule[] = [
  {
    name: "L3: JSON of every kind, and letters of every script, come as they went",
    needs: ["commands"],
    async check(kit) {
      const account = await kit.listening(await kit.client(), "log/a");
      for (const value of JSON_VALUES) await account.handle.publish(value);
      await kit.gets(account, JSON_VALUES);
      const { messages } = await account.handle.history({ after: 0, limit: 9 });
      assert.deepEqual(
        messages.map(({ data }) => data),
        JSON_VALUES.slice(0, 9),
      );
    },
  },
  {
    name: "W3: bytes come as they went, in messages and in history",
    needs: ["commands"],
    async check(kit) {
      const account = await kit.listening(await kit.client(), "log/a");
      await Promise.all(BYTES.map((value) => account.handle.publish(value)));
      await kit.gets(account, BYTES);
      const { messages } = await account.handle.history({ after: 0, limit: 4 });
      assert.deepEqual(
        messages.map(({ data }) => data),
        BYTES.slice(0, 4),
      );
    },
  },
  {
    name: "A7: a call is answered with what the method returned, large or small",
    needs: ["commands"],
    async check(kit) {
      const client = await kit.client();
      const call = (data: unknown) => client.call("echo" as never, data);
      assert.deepEqual(await call([1, { a: 2 }]), [1, { a: 2 }]);
      assert.equal(await call("x".repeat(40_000)), "x".repeat(40_000));
      assert.equal(await codeOf(client.call("nothing" as never)), "not_found");
    },
  },
  {
    name: "L11: pages of history put together are the log",
    needs: ["commands"],
    async check(kit) {
      const app = await kit.app();
      for (const n of range(300)) await app.publishTo("log/a", `${n} ${"x".repeat(300)}`);
      const handle = (await kit.client()).stream("log/a" as never) as unknown as Stream;
      const seen: unknown[] = [];
      for (let after = 0, more = true; more;) {
        const page = await handle.history({ after, limit: 1000 });
        seen.push(...page.messages.map(({ data }) => data));
        after = page.messages.at(-1)?.offset ?? assert.fail();
        more = page.more;
      }
      assert.deepEqual(
        seen,
        range(300).map((n) => `${n} ${"x".repeat(300)}`),
      );
    },
  },
  {
    name: "P15: a message over the limit is refused, and the others go on",
    needs: ["commands"],
    async check(kit) {
      await kit.serve({ limits: { message: 1000, frame: 70_000 } });
      const account = await kit.listening(await kit.client(), "log/a");
      const [small, large, next] = [
        account.handle.publish("a"),
        account.handle.publish("x".repeat(1000)),
        account.handle.publish("b"),
      ];
      assert.equal(await codeOf(large), "too_large");
      await Promise.all([small, next]);
      await kit.gets(account, ["a", "b"]);
    },
  },
  {
    name: "K7: commands over the rate are refused for a time, and enter the log in order nevertheless",
    needs: ["commands"],
    async check(kit) {
      await kit.serve({ limits: { commands: { perSecond: 200, burst: 20 } } });
      const account = await kit.listening(await kit.client(), "log/a");
      await Promise.all(range(60).map((n) => account.handle.publish(n)));
      await kit.gets(account, range(60));
    },
  },
  {
    name: "N25: more channels than a connect command takes over WebSocket all go on",
    needs: ["channels"],
    async check(kit) {
      const app = await kit.app();
      const client = await kit.client();
      const accounts = range(250).map((n) => kit.listen(client, `log/${n}`));
      await Promise.all(accounts.map(({ handle }) => handle.ready));
      for (const n of [0, 199, 200, 249]) {
        await app.publishTo(`log/${n}`, n);
        await kit.gets(accounts[n] ?? assert.fail(), [n]);
      }
    },
  },
  {
    name: "S5: a subscription over the limit is refused by itself",
    needs: ["channels"],
    async check(kit) {
      await kit.serve({ limits: { subscriptions: 2 } });
      const app = await kit.app();
      const client = await kit.client();
      const accounts = ["log/a", "log/b"].map((channel) => kit.listen(client, channel));
      await Promise.all(accounts.map(({ handle }) => handle.ready));
      assert.equal(await codeOf(kit.listen(client, "log/c").handle.ready), "limit_reached");
      await app.publishTo("log/b", "still here");
      await kit.gets(accounts[1] ?? assert.fail(), ["still here"]);
    },
  },
];
