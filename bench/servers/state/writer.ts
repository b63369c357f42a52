/** The process that writes the logs of Tidemark's workers, as `tidemark serve --data DIR --workers N` has it. */
import { createLocalHub } from "tidemark/broker/local";
import { expose } from "../../lib/remote.js";
import { usage } from "../../lib/usage.js";

const functions = {
  write: (folder: string) => createLocalHub({ dir: folder }).listen(),
  usage,
};
export type Writer = typeof functions;

expose(functions);
