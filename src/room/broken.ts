import { FrameError } from "../protocol/index.js";

/** Bytes are not what they should be: which, the stack says, since words would be much of what a page loads. @throws {FrameError} always */
export function broken(): never {
  throw new FrameError("these bytes are no frame of this room");
}
