/** What tests of Tidemark, its brokers and its users are made with. */
export { type BrokerHarness } from "./broker-contract/kit.js";
export { brokerContract, type BrokerFactory, type SuiteRunner } from "./broker-contract.js";
export { seededRandom } from "./seeded-random.js";
export { VirtualClock, type ClockOptions } from "./virtual-clock.js";
