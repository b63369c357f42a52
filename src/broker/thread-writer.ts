/** What another thread gets of a broker, see `thread-contract.ts`. */
import type { Broker } from "./contract.js";

/** Writes logs, and is no node: nobody is told that it is there. Methods promise what those of {@link Broker} do. */
export type ThreadWriter = Pick<Broker, "change" | "reign" | "send" | "close">;

/** Connects to the logs. Rejects with a `BrokerError` where that cannot be done in time. */
export type OpenWriter = (data: unknown) => Promise<ThreadWriter>;
