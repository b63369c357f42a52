/** A name of a room's shape, by which client and server find out that they have the same. */
import type { ShapeData } from "./shape.js";

/**
 * Names what frames depend on: the tables and their columns, in their order, and the rate. 8 letters and digits, the same on
 * every engine; two shapes that differ have the same name once in 2^41 times.
 *
 * @example shapeName(arena) // "px0zqf3k"
 */
export function shapeName({ state, rate }: Pick<ShapeData, "state" | "rate">): string {
  const text = JSON.stringify([rate, state]);
  let name = "";
  // Each letter has a hash of its own.
  while (name.length < 8) {
    let hash = name.length;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x85ebca6b) + 1;
    name += ((Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8) % 36).toString(36);
  }
  return name;
}
