/** All planted bugs, whatever kind of channels they show on. */
import { ROOM_MUTANTS } from "./mutants-room.js";
import { STATE_MUTANTS } from "./mutants-state.js";
import { MUTANTS, type Mutant } from "./mutants-table.js";

export const ALL_MUTANTS: readonly Mutant[] = [...MUTANTS, ...STATE_MUTANTS, ...ROOM_MUTANTS];
