/**
 * The broker contract as tests. Every broker passes all of it; run it on your own:
 *
 * @example
 * import { describe, it } from "node:test"; // or vitest, or mocha
 * import { brokerContract } from "tidemark/testing";
 *
 * brokerContract("my broker", () => startMyStore(), { describe, it });
 */
import { appendRules } from "./broker-contract/append-rules.js";
import { closeRules } from "./broker-contract/close-rules.js";
import { followRules } from "./broker-contract/follow-rules.js";
import { keyRules } from "./broker-contract/key-rules.js";
import { Kit, type BrokerHarness, type Rule } from "./broker-contract/kit.js";
import { leaseRules } from "./broker-contract/lease-rules.js";
import { nodeRules } from "./broker-contract/node-rules.js";
import { presenceRules } from "./broker-contract/presence-rules.js";
import { readRules } from "./broker-contract/read-rules.js";
import { reignRules } from "./broker-contract/reign-rules.js";
import { retentionRules } from "./broker-contract/retention-rules.js";
import { slotConditionsRules } from "./broker-contract/slot-conditions-rules.js";
import { slotsRules } from "./broker-contract/slots-rules.js";

/** Makes a fresh, empty store for one test. */
export type BrokerFactory = () => Promise<BrokerHarness>;

/** Where tests are declared: any runner that has these two. */
export interface SuiteRunner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    /** Names a test that is not to be run. */
    readonly skip?: (name: string, body: () => Promise<void>) => unknown;
  };
}

/** The rules by what they are about. Numbers are stable: a rule that goes takes its number with it. */
const CHAPTERS: readonly (readonly [about: string, rules: readonly Rule[]])[] = [
  ["append", appendRules],
  ["keys", keyRules],
  ["retention", retentionRules],
  ["read", readRules],
  ["follow and signal", followRules],
  ["presence", presenceRules],
  ["leases", leaseRules],
  ["nodes", nodeRules],
  ["close", closeRules],
];

/** Those of logs that are kept by slots, and of who writes one alone. */
const SLOTS: typeof CHAPTERS = [
  ["slots", slotsRules],
  ["conditions of slots", slotConditionsRules],
  ["reigns", reignRules],
];

/**
 * Declares the whole suite on `runner`. Each test is named by its rule, `B1` and on, and works on a store of its
 * own. Time is the harness's: with a real clock the suite takes some 30 seconds.
 *
 * `slots: false` leaves out what only a broker with `change`, `readSlots` and `reign` can promise.
 *
 * @example brokerContract("my broker", makeHarness, { describe, it }); // of vitest, or any other runner
 */
export function brokerContract(
  name: string,
  factory: BrokerFactory,
  runner: SuiteRunner,
  { slots = true }: { readonly slots?: boolean } = {},
): void {
  runner.describe(`the broker contract: ${name}`, () => {
    for (const [about, rules] of slots ? [...CHAPTERS, ...SLOTS] : CHAPTERS) {
      runner.describe(about, () => {
        for (const rule of rules) {
          runner.it(`B${rule.number}: ${rule.sentence}`, async () => {
            const harness = await factory();
            try {
              await rule.check(new Kit(harness));
            } finally {
              await harness.close();
            }
          });
        }
      });
    }
  });
}
