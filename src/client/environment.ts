import type { Clock, Random } from "../protocol/index.js";
import type { TransportFactory } from "./transport.js";
import type { Memory } from "./transports/memory.js";

/** What a platform may tell: the network is back, the page can be seen again. */
export type PlatformEvent = "online" | "visible";

/** Everything the client gets from outside. Tests give their own; see `tidemark/testing`. */
export interface Environment {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: TransportFactory;
  /** Where it is kept which transport works. */
  readonly memory?: () => Memory | undefined;
  /** Listens to the platform; the function it returns stops that. */
  readonly listen: (listener: (event: PlatformEvent) => void) => () => void;
  /** Where an error goes when nobody listens to the client's `error` event. */
  readonly report: (error: Error) => void;
}
