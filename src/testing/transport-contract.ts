/**
 * The transport contract as tests: whatever the client's messages travel on, an application sees the same. Run it on
 * a transport or a set-up of your own:
 *
 * @example
 * import { describe, it } from "node:test"; // or vitest, or mocha
 * import { transportContract } from "tidemark/testing";
 *
 * transportContract("behind my proxy", () => startMyProxy(), { describe, it });
 */
import { commandRules } from "./transport-contract/command-rules.js";
import { connectionRules } from "./transport-contract/connection-rules.js";
import { deliveryRules } from "./transport-contract/delivery-rules.js";
import { Kit, NEEDS, type Need, type Rule, type TransportHarness } from "./transport-contract/kit.js";
import type { SuiteRunner } from "./broker-contract.js";

/** Makes fresh servers and a network for one test. */
export type TransportFactory = () => Promise<TransportHarness>;

const CHAPTERS: readonly (readonly [about: string, rules: readonly Rule[]])[] = [
  ["connections", connectionRules],
  ["delivery", deliveryRules],
  ["commands", commandRules],
];

/**
 * Declares the whole suite on `runner`. Each test is named by its rule in docs/spec.md. Rules that need what the transport
 * does not carry are skipped, by name where the runner has `it.skip`.
 *
 * @param carries by default everything
 * @example transportContract("my transport, two nodes", makeHarness, { describe, it }); // of vitest, or any other runner
 */
export function transportContract(
  name: string,
  factory: TransportFactory,
  runner: SuiteRunner,
  carries: readonly Need[] = NEEDS,
): void {
  runner.describe(`the transport contract: ${name}`, () => {
    for (const [about, rules] of CHAPTERS) {
      runner.describe(about, () => {
        for (const rule of rules) {
          const check = async (): Promise<void> => {
            const harness = await factory();
            const kit = new Kit(harness);
            try {
              await rule.check(kit);
            } finally {
              kit.close();
              await harness.close();
            }
          };
          const missing = (rule.needs ?? []).filter((need) => !carries.includes(need));
          if (missing.length === 0) runner.it(rule.name, check);
          else runner.it.skip?.(`${rule.name} (not without ${missing.join(" and ")})`, check);
        }
      });
    }
  });
}
