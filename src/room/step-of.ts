import { quantiseRow, type RowOf, type Table } from "./columns.js";

/**
 * A step that both sides share, and whose results are the same on both: it leaves its row as the other side sees it. A bare
 * function differs by the rounding of a column where the server takes two inputs in one tick.
 *
 * @example
 * export const move = stepOf(players, (p, input: { dx: number; dy: number }, seconds) => {
 *   p.x += input.dx * 160 * seconds;
 *   p.y += input.dy * 160 * seconds;
 * });
 */
export function stepOf<T extends Table, I>(
  table: T,
  step: (row: RowOf<T>, input: I, seconds: number) => void,
): (row: RowOf<T>, input: I, seconds: number) => void {
  return (row, input, seconds) => {
    step(row, input, seconds);
    quantiseRow(table, row, row);
  };
}
