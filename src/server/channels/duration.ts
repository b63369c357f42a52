/** Lengths of time as applications write them. They are the protocol's, since rooms say them on both sides. */
export { duration, type Duration } from "../../protocol/duration.js";
