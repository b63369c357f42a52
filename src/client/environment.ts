import type { Clock, Random } from "../protocol/index.js";
import type { TransportFactory } from "./transport.js";
import type { Memory } from "./transports/memory.js";

/**
 * What a platform may tell: the network is there again, or is not; the page is seen again; the page is put away, perhaps
 * to be shown again later, which browsers do not do with pages that are connected.
 */
export type PlatformEvent = "online" | "offline" | "visible" | "away";

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
