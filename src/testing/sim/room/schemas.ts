/** What players send and are told in the simulated rooms, as schemas. */
import type { StandardSchemaV1 } from "@standard-schema/spec";

/** What an input does beside being counted. */
const DEEDS = ["move", "throw", "save", "tell", "look", "ill"] as const;
export type InputDeed = (typeof DEEDS)[number];

export interface SimInput {
  /** Its number, once more. */
  readonly k: number;
  /** How many coins it takes from the bank, or gives back, and how far it moves. */
  readonly by: number;
  readonly do: InputDeed;
}

/** Something that happened, as players are told it. */
export interface SimEvent {
  readonly seat: string;
  readonly k: number;
  readonly tick: number;
}

function schema<T>(vendor: string, is: (value: unknown) => value is T): StandardSchemaV1<T, T> {
  return {
    "~standard": {
      version: 1,
      vendor,
      validate: (value) => (is(value) ? { value } : { issues: [{ message: `no ${vendor}` }] }),
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isInput(value: unknown): value is SimInput {
  if (!isRecord(value)) return false;
  return (
    Number.isInteger(value["k"]) && Number.isInteger(value["by"]) && DEEDS.some((one) => one === value["do"])
  );
}

/** What a client reads of a line. */
export function isEvent(value: unknown): value is SimEvent {
  return (
    isRecord(value) &&
    typeof value["seat"] === "string" &&
    Number.isInteger(value["k"]) &&
    Number.isInteger(value["tick"])
  );
}

export const INPUT = schema("input", isInput);
export const EVENT = schema("event", isEvent);
