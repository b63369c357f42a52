import assert from "node:assert/strict";
import type { Rule } from "./kit.js";

/** Long enough for a busy machine to be in time where a test has to be. */
const TTL = 2000;

/** Leases: who has one, for how long, and what their tokens are. */
export const leaseRules: readonly Rule[] = [
  {
    number: 61,
    sentence: "a lease has one holder at a time, and names are apart",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const lease = await a.lease("room/1", TTL);
      assert.ok(lease !== undefined);
      assert.equal(await b.lease("room/1", TTL), undefined);
      assert.equal(await a.lease("room/1", TTL), undefined, "not even its holder takes it twice");
      assert.ok(await b.lease("room/2", TTL));
      assert.ok(await b.lease("__proto__", TTL));
    },
  },
  {
    number: 62,
    sentence: "of many who ask at the same time, one gets the lease",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const asked = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b).lease("one", TTL));
      const got = (await Promise.all(asked)).filter((lease) => lease !== undefined);
      assert.equal(got.length, 1);
    },
  },
  {
    number: 63,
    sentence: "a released lease is free at once",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const lease = await a.lease("room", TTL);
      await lease?.release();
      assert.equal(await lease?.renew(), false);
      assert.ok(await b.lease("room", TTL));
    },
  },
  {
    number: 64,
    sentence: "a renewed lease lasts for its full length from then on",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const lease = await a.lease("room", TTL);
      for (let i = 0; i < 3; i++) {
        await kit.elapse(0.6 * TTL);
        assert.equal(await lease?.renew(), true);
      }
      await kit.elapse(0.5 * TTL);
      assert.equal(await b.lease("room", TTL), undefined);
      await kit.elapse(TTL);
      assert.ok(await b.lease("room", TTL));
    },
  },
  {
    number: 65,
    sentence: "a lease that ran out is lost: it cannot be renewed, and releasing it takes nothing",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const old = await a.lease("room", TTL);
      await kit.elapse(1.5 * TTL);
      const lease = await b.lease("room", 10 * TTL);
      assert.ok(lease !== undefined);
      assert.equal(await old?.renew(), false);
      await old?.release();
      assert.equal(await a.lease("room", TTL), undefined);
      assert.equal(await lease.renew(), true);
    },
  },
  {
    number: 66,
    sentence: "no two tokens are the same",
    async check(kit) {
      const [a, b] = await kit.nodes();
      const tokens = new Set<string>();
      for (let i = 0; i < 50; i++) {
        const lease = await (i % 2 === 0 ? a : b).lease(i % 3 === 0 ? "x" : "y", TTL);
        assert.ok(lease !== undefined);
        tokens.add(lease.token);
        await lease.release();
      }
      assert.equal(tokens.size, 50);
    },
  },
  {
    number: 67,
    sentence: "a node's leases are free when it closes",
    async check(kit) {
      const [a, b] = await kit.nodes();
      await a.lease("mine", 100 * TTL);
      await b.lease("other", 100 * TTL);
      await a.close();
      assert.ok(await b.lease("mine", TTL));
      assert.equal(await b.lease("other", TTL), undefined);
    },
  },
];
