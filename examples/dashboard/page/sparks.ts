/** The last minute of each price, a value a second, kept by the page; and the small curves made of it. */
import { colours, onTheme } from "./theme.js";

const SECONDS = 60;
/** A curve of fewer values does not reach the left edge. */
const LEAST_VALUES = 15;

export class Sparks {
  readonly #values = new Map<string, Float32Array>();
  /** How many values there are of each, and where the next goes. */
  #taken = 0;

  /** Changes with every sample. */
  get version(): number {
    return this.#taken;
  }

  /** Keeps what the prices are now. */
  sample(prices: Iterable<readonly [string, { readonly price: number }]>): void {
    for (const values of this.#values.values()) values[this.#taken % SECONDS] = Number.NaN;
    for (const [symbol, { price }] of prices) {
      let values = this.#values.get(symbol);
      if (values === undefined)
        this.#values.set(symbol, (values = new Float32Array(SECONDS).fill(Number.NaN)));
      values[this.#taken % SECONDS] = price;
    }
    this.#taken++;
  }

  /** The values of a symbol, oldest first, as far as there are any. */
  of(symbol: string): number[] {
    const values = this.#values.get(symbol);
    if (values === undefined) return [];
    const at = this.#taken % SECONDS;
    return [...values.subarray(at), ...values.subarray(0, at)].filter((value) => !Number.isNaN(value));
  }
}

let palette = colours();
onTheme(() => {
  palette = colours();
});

/** Draws a curve up to the right edge: green where it ends above its beginning, red where it ends below. */
export function drawSpark(canvas: HTMLCanvasElement, values: readonly number[]): void {
  const { devicePixelRatio: ratio } = window;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (width === 0) return;
  if (canvas.width !== Math.round(width * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const [first, last] = [values.at(0) ?? 0, values.at(-1) ?? 0];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  context.strokeStyle = last > first ? palette.up : last < first ? palette.down : palette.quiet;
  context.lineWidth = 1.5;
  context.beginPath();
  const step = (width - 2) / (Math.max(LEAST_VALUES, values.length) - 1);
  for (const [nth, value] of values.entries()) {
    const x = width - 1 - (values.length - 1 - nth) * step;
    const y = high === low ? height / 2 : height - 2 - ((value - low) / (high - low)) * (height - 4);
    if (nth === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
}
