import type { LogOptions } from "../contract.js";
import type { SlotsOptions } from "../slots-contract.js";

/** Whether these are options of a log that is kept by slots. */
export function isOfSlots(options: LogOptions | SlotsOptions): options is SlotsOptions {
  return options.keeping.by === "slots";
}
