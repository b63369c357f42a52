/** The middle one, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}

/** Half the distance between the lowest and the highest, relative to the median: how far rounds were apart. 0 of equal ones. */
export function spread(values: readonly number[]): number {
  const range = Math.max(...values) - Math.min(...values);
  return range === 0 ? 0 : range / 2 / Math.abs(median(values));
}

/** How much `y` grows with each `x`: the slope of the line that fits best by least squares. 0 of less than two points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const count = points.length;
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / count;
  const [x, y] = [mean((point) => point[0]), mean((point) => point[1])];
  const width = mean((point) => (point[0] - x) ** 2);
  return count < 2 || width === 0 ? 0 : mean((point) => (point[0] - x) * (point[1] - y)) / width;
}
