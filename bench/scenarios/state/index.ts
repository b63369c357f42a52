/** Values that change: what `npm run bench -- --only state` runs. */
import type { Scenario } from "../../scenario.js";
import { brokers } from "./brokers.js";
import { filters } from "./filters.js";
import { joins } from "./joins.js";
import { market } from "./market.js";
import { perChange } from "./per-change.js";
import { rates } from "./rates.js";

export const STATE: readonly Scenario[] = [market, perChange, rates, filters, joins, brokers];
