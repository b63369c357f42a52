/** What a peer is told of something that failed. */
import { BrokerError } from "../../broker/index.js";
import { TidemarkError } from "../errors.js";
import type { ServerNode } from "./node.js";

/** The error that the peer of a connection may see; what it may not see goes to the log. */
export function presentable(
  { node, client }: { readonly node: Pick<ServerNode, "brokerErrors" | "log">; readonly client: string },
  thrown: unknown,
  doing: string,
): TidemarkError {
  if (thrown instanceof TidemarkError) return thrown;
  if (thrown instanceof BrokerError) {
    // What a broker says is for the operator: it may tell of hosts, versions and how full it is.
    node.brokerErrors.note(thrown, doing);
    return new TidemarkError("unavailable", `the server cannot ${doing} now; try again later`);
  }
  node.log.error({ client, error: thrown, doing }, "a command failed");
  return new TidemarkError("internal", `the server failed to ${doing}; its log says why`);
}
