/**
 * A load generator: raw TCP sockets with one read buffer for all of them, open and closed loops, latencies from the
 * intended time of sending. It is what `tidemark bench` and the benchmark of this repository are made of.
 */
export { gather, type CrowdOptions } from "./crowd.js";
export type { Dialect, Greeting, Refusal, Welcome } from "./dialect.js";
export { clientFrame } from "./frames.js";
export { Histogram } from "./histogram.js";
export { settled, Tally, type Job, type Reading } from "./job.js";
export { ClosedLoop, type ClosedLoopSpec } from "./jobs/closed-loop.js";
export { Traffic, type JoinOptions, type TrafficSpec } from "./jobs/traffic.js";
export { recordLatencies } from "./latencies.js";
export { LoadError, Member, type MemberEvents, type MemberOptions, type Target } from "./member.js";
export { openLoop } from "./open-loop.js";
export { LEAST_PAYLOAD, micros, payloadAt, sentAt } from "./payload.js";
export { tidemark } from "./tidemark.js";
export { WireSocket, type WireEvents, type WireOptions } from "./wire-socket.js";
