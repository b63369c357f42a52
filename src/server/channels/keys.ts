/** Channels that are kept by keys, and those that are not. */
import type { SlotsOptions } from "../../broker/index.js";
import { TidemarkError } from "../errors.js";
import type { SlotsKind } from "../kinds/slots-kind.js";
import type { ResolvedChannel } from "./registry.js";

/**
 * What a channel of keys is, and how its log keeps them.
 *
 * @throws {TidemarkError} `wrong_kind` for channels of other kinds
 */
export function mustHaveKeys({ name, def }: ResolvedChannel): {
  readonly kind: SlotsKind;
  readonly options: SlotsOptions;
} {
  const { kind, slots } = def;
  if (kind.by === "slots" && slots !== undefined) return { kind, options: slots };
  if (kind.by === "room")
    throw new TidemarkError(
      "wrong_kind",
      `${JSON.stringify(name)} is a room, which has no keys; use ${kind.handle(name)}`,
    );
  const message = `${JSON.stringify(name)} is a ${kind.name} channel, which has no keys: publish to it, on a server with app.publish`;
  throw new TidemarkError("wrong_kind", message);
}
