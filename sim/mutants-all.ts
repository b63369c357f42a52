/** All planted bugs, whatever kind of channels they show on. */
import { STATE_MUTANTS } from "./mutants-state.js";
import { MUTANTS, type Mutant } from "./mutants-table.js";

export const ALL_MUTANTS: readonly Mutant[] = [...MUTANTS, ...STATE_MUTANTS];
