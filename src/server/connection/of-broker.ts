import { BrokerError } from "../../broker/index.js";
import { TidemarkError } from "../errors.js";
import type { ServerNode } from "./node.js";

/**
 * What is done with a broker for the application. What that says where it fails is for the operator; the others are told that it is away.
 *
 * @param doing what is done, for the log
 * @throws {TidemarkError} `unavailable` as a rejection, where the broker fails; what else `run` rejects with is what this rejects with
 */
export async function ofBroker<T>(
  node: Pick<ServerNode, "brokerErrors">,
  doing: string,
  run: () => Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    node.brokerErrors.note(error, doing);
    throw new TidemarkError("unavailable", "the broker does not answer; try again later", { cause: error });
  }
}
