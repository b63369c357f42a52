import assert from "node:assert/strict";
import type { Client, Stream } from "../../client/index.js";
import { GRACE, codeOf, type Kit, type Rule } from "./kit.js";

/** Who may come, who is there, and how it ends. */
export const connectionRules: readonly Rule[] = [
  {
    name: "K3: a client is online, under a name that no other has",
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
      const mallory = await kit.client({ token: "mallory" });
      await kit.until("mallory is turned away", () => mallory.status === "closed");
      assert.equal(mallory.reason?.code, "unauthorized");
      const late = await kit.client({ token: "late" });
      await kit.until("late is put off", () => late.status === "offline");
      assert.notEqual(late.status, "closed");
    },
  },
  {
    name: "N18: a token function is asked again when its token is refused",
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
    name: "S10: a channel that is refused does not keep the others from going on",
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
      const [ann, bob] = [await kit.client({ token: "ann" }), await kit.client({ token: "bob" })];
      const watcher = await kit.listening(ann, "room/a");
      const left: string[] = [];
      watcher.handle.on("leave", (members) => left.push(...members.map(({ id }) => id)));
      await kit.listening(bob, "room/a");
      await kit.until("both are there", () => isThere(kit, watcher.handle, ["ann", "bob"]));
      // Messages end polls, and time ends the grace of those who are not asked again.
      const end = GRACE * 1.5;
      for (let passed = 0, n = 0; passed < end; passed += 50, n++) {
        await app.publishTo("room/a", n);
        await kit.pass(50);
      }
      assert.deepEqual(left, []);
      vanish(bob);
      await kit.until("bob is gone", () => isThere(kit, watcher.handle, ["ann"]));
      assert.deepEqual(left, ["bob"]);
    },
  },
  {
    name: "A14: a user that the application disconnects does not come back",
    async check(kit) {
      const apps = await kit.serve();
      const client = await kit.client({ token: "bob" });
      await kit.listening(client, "log/a");
      // Between two polls there is nothing to disconnect.
      for (let tries = 0; client.status !== "closed" && tries < 100; tries++) {
        await apps[0]?.disconnect("bob");
        await kit.pass(20);
      }
      assert.equal(client.status, "closed");
      assert.equal(client.reason?.code, "disconnected");
    },
  },
  {
    name: "A15: a server that stops tells its clients, who come back when there is one again",
    async check(kit) {
      const apps = await kit.serve();
      const client = await kit.client();
      await kit.listening(client, "log/a");
      const reasons: (string | undefined)[] = [];
      client.on("status", () => reasons.push(client.reason?.code));
      await Promise.all(apps.map((app) => app.close()));
      await kit.until("it has heard", () => client.status === "offline");
      assert.ok(["going_away", "connection_lost"].includes(reasons[0] ?? ""), String(reasons));
    },
  },
];

function isThere(_kit: Kit, handle: Stream, ids: readonly string[]): boolean {
  return (
    handle.members
      .map(({ id }) => id)
      .sort()
      .join() === ids.join()
  );
}

/** A client whose process has ended says nothing more; closing is the nearest that there is, where it says no goodbye. */
function vanish(client: Client): void {
  client.close();
}
