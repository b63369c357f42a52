export const CHANNEL = "keys/faults";
