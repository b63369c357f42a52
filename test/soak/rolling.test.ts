/** The short form of npm run soak:rolling. How long clients are away is for the long one, on a machine of its own. */
import { expect, test } from "vitest";
import { fleet, fleetFaults } from "../../bench/soak/fleet.js";
import { hasRedis } from "../broker/redis/support/has-redis.js";

const BUILT = new URL("../../build/bench/soak/", import.meta.url).href;

test.runIf(hasRedis)(
  "A50, C20: servers on one Redis are replaced one after the other, and no message is lost or repeated",
  async () => {
    const result = await fleet({ nodes: 3, clients: 30, channels: 3, rate: 50, grace: 3, built: BUILT });
    expect(fleetFaults(result)).toEqual([]);
    // Otherwise nothing was shown: every client was on a server that went.
    expect(result.interruptions.count).toBeGreaterThanOrEqual(30);
    expect(result.acknowledged).toBeGreaterThan(100);
  },
  120_000,
);
