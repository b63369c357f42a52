/** What tests of Tidemark, its brokers and its users are made with. */
export { type BrokerHarness } from "./broker-contract/kit.js";
export { brokerContract, type BrokerFactory, type SuiteRunner } from "./broker-contract.js";
export { checkHistory } from "./history/check.js";
export type {
  Asked,
  CallEvent,
  HistoryEvent,
  LogEvent,
  MessageId,
  PageEvent,
  Place,
  PresenceEvent,
  PromiseName,
  PublisherEvent,
  RunEvent,
  SignalEvent,
  StateEvent,
  SubscriberEvent,
  Violation,
} from "./history/events.js";
export { seededRandom } from "./seeded-random.js";
export { ACTIONS } from "./sim/actions.js";
export { FAULTS } from "./sim/faults.js";
export { planFor, type PlanOptions } from "./sim/plan.js";
export { ROOM_ACTIONS } from "./sim/room/actions.js";
export { ROOM_FAULTS } from "./sim/room/faults.js";
export { runPlan, simulate } from "./sim/run.js";
export type { SimResult } from "./sim/sim-result.js";
export { planText, shrink, type ShrinkOptions } from "./sim/shrink.js";
export type { Plan, SimKindName, Step } from "./sim/step.js";
export { testApp, type TestApp, type TestAppOptions, type TestClientOptions } from "./test-app.js";
export { VirtualClock, type ClockOptions } from "./virtual-clock.js";
export {
  contractApp,
  type ContractApp,
  type ContractOptions,
  type Need,
  type ServedApp,
  type TransportHarness,
} from "./transport-contract/kit.js";
export type { Reception, Receiver, Told } from "./transport-contract/receiver.js";
export { transportContract, type TransportFactory } from "./transport-contract.js";
