/** Reigns over the simulated way to the broker: what is late, lost or refused there. */
import { beforeEach, describe, expect, test } from "vitest";
import type { HeldBy, Reign } from "../../src/broker/index.js";
import { VirtualClock, seededRandom } from "../../src/testing/index.js";
import { FENCED_SLOTS } from "../../src/testing/broker-contract/reign-kit.js";
import { SimBroker } from "../../src/testing/sim/broker.js";
import { BrokerSite } from "../../src/testing/sim/broker-site.js";
import { SimProcess } from "../../src/testing/sim/process.js";
import { Recorder } from "../../src/testing/sim/recorder.js";
import { RecordingStore } from "../../src/testing/sim/store.js";

/** Longer than any call waits. */
const LATE_MS = 4000;

let clock: VirtualClock;
let site: BrokerSite;
beforeEach(() => {
  clock = new VirtualClock();
  const random = seededRandom(1);
  const onError = (error: unknown): void => expect.unreachable(String(error));
  const options = { clock, random, idle: 86_400_000, maxKeys: 1000, onError };
  const store = new RecordingStore(options, new Recorder(() => clock.monotonic()));
  site = new BrokerSite(clock, clock, store, random);
});

const node = (): SimBroker => new SimBroker(site, new SimProcess(clock));

function ask(broker: SimBroker, name: string): Promise<Reign | HeldBy> {
  return broker.reign("c", { ttl: 60_000, secret: name, note: name }, FENCED_SLOTS);
}

/** What a call comes to, once enough time has passed for it. */
async function settled<T>(call: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [[outcome]] = await Promise.all([Promise.allSettled([call]), clock.advance(LATE_MS)]);
  return outcome;
}

const UNAVAILABLE = { status: "rejected", reason: { code: "unavailable" } };

describe("a step of a reign in the simulation", () => {
  test("B115: is not carried out where it comes when nobody waits for it, and is where only its answer is lost", async () => {
    const [a, b] = [node(), node()];
    const over = a.trouble.begin("strandAppends", LATE_MS);
    expect(await settled(ask(a, "ann"))).toMatchObject(UNAVAILABLE);
    over();
    await clock.advance(LATE_MS);
    const taken = await settled(ask(b, "ben"));
    expect(taken).toMatchObject({ status: "fulfilled", value: { token: expect.any(String) as string } });

    const [c, lossy] = [node(), node()];
    lossy.trouble.begin("loseAnswers", 1);
    if (taken.status === "fulfilled" && "token" in taken.value) await settled(taken.value.release());
    expect(await settled(ask(lossy, "cem"))).toMatchObject(UNAVAILABLE);
    expect(await settled(ask(c, "dan"))).toMatchObject({ value: { heldBy: "cem" } });
    expect(await settled(ask(c, "cem"))).toMatchObject({ value: { token: expect.any(String) as string } });
  });

  test("is refused by a full disk, and lost with a folder that is put back from before it", async () => {
    const broker = node();
    const emptied = site.fillDisk();
    expect(await settled(ask(broker, "ann"))).toMatchObject(UNAVAILABLE);
    emptied();
    const putBack = site.backUp();
    const taken = await settled(ask(broker, "ann"));
    putBack();
    if (taken.status !== "fulfilled" || !("token" in taken.value)) return expect.unreachable();
    expect(await settled(taken.value.renew())).toMatchObject({ value: false });
    expect(await settled(ask(node(), "ben"))).toMatchObject({
      value: { token: expect.any(String) as string },
    });
  });
});
