/** The last two minutes of one figure, a line for each process. */
import uPlot from "uplot";
import { el } from "../../shared/page/dom.js";
import { colours, onTheme } from "./theme.js";

export const SECONDS = 120;
/** Seconds before now, from left to right. */
const TIMES = Array.from({ length: SECONDS }, (_, nth) => nth - SECONDS + 1);
const HEIGHT = 150;

export interface ChartOptions {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** The least that the scale shows above 0. */
  readonly least: number;
  readonly show: (value: number) => string;
}

export class Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #now = el("span", { class: "now" }, "…");
  readonly #place = el("div", { class: "plot", "aria-hidden": "true" });
  #lines: readonly (readonly (number | null)[])[] = [];
  #plot: uPlot | undefined;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.element = el(
      "article",
      { class: "chart", "data-testid": `chart-${options.id}` },
      el("h2", {}, options.title),
      this.#now,
      this.#place,
    );
    new ResizeObserver(() => {
      const width = this.#place.clientWidth;
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
    }).observe(this.#place);
    onTheme(() => this.#build());
  }

  /** @param lines of each process the values of the last two minutes, null where there is none */
  show(lines: readonly (readonly (number | null)[])[]): void {
    const { show, unit } = this.#options;
    const isOther = lines.length !== this.#lines.length;
    this.#lines = lines;
    const now = lines.flatMap((line) => line.at(-1) ?? []);
    this.#now.textContent = now.length === 0 ? "…" : `${now.map(show).join(", ")} ${unit}`.trim();
    if (isOther || this.#plot === undefined) this.#build();
    else this.#plot.setData(this.#data());
  }

  #data(): uPlot.AlignedData {
    return [TIMES, ...this.#lines.map((line) => [...line])];
  }

  /** Lines and colours are given to a plot when it is made. */
  #build(): void {
    this.#plot?.destroy();
    const { text, quiet, line, accent, up, down } = colours();
    const strokes = [accent, down, up, text];
    const axis = {
      stroke: quiet,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
      font: "11px system-ui",
    };
    const { least } = this.#options;
    this.#plot = new uPlot(
      {
        width: Math.max(200, this.#place.clientWidth),
        height: HEIGHT,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(least, most * 1.1)] } },
        axes: [
          {
            ...axis,
            size: 24,
            splits: () => [-SECONDS + 1, -90, -60, -30, 0],
            values: (_, splits) => splits.map((at) => (at === 0 ? "now" : `${Math.round(at / 10) * 10} s`)),
          },
          { ...axis, size: 56 },
        ],
        series: [
          {},
          ...this.#lines.map((_, nth) => ({
            stroke: strokes[nth % strokes.length] ?? accent,
            width: 1.5,
            points: { show: false },
            ...(nth === 0 && { fill: `color-mix(in srgb, ${accent} 14%, transparent)` }),
          })),
        ],
      },
      this.#data(),
      this.#place,
    );
  }
}
