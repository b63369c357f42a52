import assert from "node:assert/strict";
import { GRACE, codeOf, range, type Rule } from "./kit.js";
import type { Receiver } from "./receiver.js";

/** Who may come, who is there, and how it ends. */
export const connectionRules: readonly Rule[] = [
  {
    name: "K3: a client is online, under a name that no other has",
    needs: ["sessions"],
    async check(kit) {
      const clients = [await kit.client(), await kit.client()];
      await kit.until("both online", () => clients.every(({ status }) => status === "online"));
      const [one, other] = clients.map(({ id }) => id);
      assert.ok(one !== undefined && other !== undefined && one !== other);
      assert.ok(clients.every(({ transport }) => transport === kit.harness.transport));
    },
  },
  {
    name: "K5: a token that is refused closes the client, and one to come back with later does not",
    async check(kit) {
      const mallory = await kit.receive({ channel: "log/a", token: "mallory" });
      await kit.until("mallory is turned away", () => mallory.status === "closed");
      assert.equal(mallory.ends.at(-1), "unauthorized");
      const late = await kit.receive({ channel: "log/a", token: "late" });
      await kit.until("late is put off", () => late.status === "offline");
      await kit.until("late is put off again", () => late.ends.length > 1);
      assert.notEqual(late.status, "closed");
    },
  },
  {
    name: "N18: a token function is asked again when its token is refused",
    needs: ["commands", "sessions"],
    async check(kit) {
      let asked = 0;
      const client = await kit.client({ token: () => (asked++ === 0 ? "mallory" : "bob") });
      const account = await kit.listening(client, "log/a");
      await account.handle.publish("hi");
      await kit.gets(account, ["hi"]);
      assert.equal(account.messages[0]?.from, "bob");
      assert.equal(asked, 2);
    },
  },
  {
    name: "S10: a channel that is refused is refused with the reason",
    async check(kit) {
      const closed = await kit.receive({ channel: "closed/a" });
      const unknown = await kit.receive({ channel: "nothing" });
      assert.equal(await codeOf(closed.ready), "forbidden");
      assert.equal(await codeOf(unknown.ready), "not_found");
      assert.deepEqual([...closed.data(), ...unknown.data()], []);
    },
  },
  {
    name: "S10: a channel that is refused does not keep the others from going on",
    needs: ["commands", "channels"],
    async check(kit) {
      const client = await kit.client();
      const [allowed, closed, unknown] = ["log/a", "closed/a", "nothing"].map((channel) =>
        kit.listen(client, channel),
      );
      assert.equal(await codeOf(closed?.handle.ready ?? assert.fail()), "forbidden");
      assert.equal(await codeOf(unknown?.handle.ready ?? assert.fail()), "not_found");
      assert.equal(await codeOf((closed ?? assert.fail()).handle.publish("hi")), "forbidden");
      await (await kit.app()).publishTo("log/a", "hi");
      await kit.gets(allowed ?? assert.fail(), ["hi"]);
    },
  },
  {
    name: "M3 and M4: who comes is seen, who stays is seen all the while, who vanishes is gone after the grace",
    async check(kit) {
      const app = await kit.app();
      const watcher = await kit.receiving({ channel: "room/a", token: "ann" });
      const bob = await kit.receiving({ channel: "room/a", token: "bob" });
      await kit.until("both are there", () => areThere(watcher, ["ann", "bob"]));
      // Messages end polls, and time ends the grace of those who are not asked again.
      const end = GRACE * 1.5;
      for (let passed = 0, n = 0; passed < end; passed += 50, n++) {
        await app.publishTo("room/a", n);
        await kit.pass(50);
      }
      assert.deepEqual(watcher.left, []);
      // One whose process has ended says nothing more; closing is the nearest that there is, where it says no goodbye.
      bob.close();
      await kit.until("bob is gone", () => areThere(watcher, ["ann"]));
      assert.deepEqual(watcher.left, ["bob"]);
    },
  },
  {
    name: "A14, H42: a user that the application disconnects does not come back, however they are connected just then",
    async check(kit) {
      const app = await kit.app();
      for (const n of range(5)) {
        const bob = await kit.receiving({ channel: "log/a", token: `bob${n}` });
        // With a message a poll is over.
        if (n > 0) await app.publishTo("log/a", n);
        await app.disconnect(`bob${n}`);
        await kit.until(`bob${n} is gone`, () => bob.status === "closed");
        assert.equal(bob.ends.at(-1), "disconnected");
      }
    },
  },
  {
    name: "A15: a server that stops tells its clients, who come back when there is one again",
    async check(kit) {
      const apps = await kit.serve();
      const receiver = await kit.receiving({ channel: "log/a" });
      await Promise.all(apps.map((app) => app.close()));
      await kit.until("it has heard", () => receiver.status === "offline");
      assert.ok(["going_away", "connection_lost"].includes(receiver.ends[0] ?? ""), String(receiver.ends));
    },
  },
];

function areThere({ members }: Receiver, ids: readonly string[]): boolean {
  return [...members].sort().join() === ids.join();
}
