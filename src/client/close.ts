import { type CloseName, shouldReconnect } from "../protocol/index.js";
import { TidemarkError, messageOf } from "./errors.js";

/** The close codes that a program may want to tell apart. The protocol's own table would be half of the bundle. */
const NAMES: Readonly<Record<number, CloseName>> = {
  1003: "unsupported",
  1007: "malformed",
  1008: "policy",
  1009: "too_big",
  4000: "going_away",
  4004: "token_expired",
  4500: "unauthorized",
  4501: "forbidden_origin",
  4502: "disconnected",
};

/** The error that a connection's end stands for; `cause` is what the platform says. Codes of the application's own are named by their number. */
export function closeError(code: number, reason: string, cause?: unknown): TidemarkError {
  const retry = shouldReconnect(code);
  const name = NAMES[code] ?? (retry ? "connection_lost" : `close_${code}`);
  const why = reason || (cause ? messageOf(cause) : `closed with code ${code}`);
  return new TidemarkError(name, why, { retry, ...(cause !== undefined && { cause }) });
}
