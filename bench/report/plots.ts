/** Plots as SVG that are readable on light and on dark: colours follow the reader's preference. */
import { NAMES, type Name } from "../contenders.js";
import type { Curve, Row } from "../scenario.js";
import { digits, withUnit } from "./format.js";

const WIDTH = 720;
const LABEL = 130;
const BAR = 22;
const GAP = 10;

const CLASSES: Readonly<Record<Name, string>> = {
  Tidemark: "a",
  "uWebSockets.js": "b",
  ws: "c",
  "Socket.IO": "d",
};

/** Distinguishable also without colour: the lines have dashes and marks of their own. */
const STYLE = `<style>
text{font:13px system-ui,sans-serif;fill:#1f2328}.s{font-size:11px;fill:#59636e}.t{font-weight:600}
.g{stroke:#d1d9e0;stroke-width:1;fill:none}
.a{fill:#0969da;stroke:#0969da}.b{fill:#bc4c00;stroke:#bc4c00}.c{fill:#1a7f37;stroke:#1a7f37}.d{fill:#8250df;stroke:#8250df}
rect{stroke:none!important}polyline{fill:none!important;stroke-width:2.5}
polyline.b{stroke-dasharray:8 4}polyline.c{stroke-dasharray:2 4}polyline.d{stroke-dasharray:10 3 2 3}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.g{stroke:#3d444d}
.a{fill:#4493f8;stroke:#4493f8}.b{fill:#f0883e;stroke:#f0883e}.c{fill:#3fb950;stroke:#3fb950}.d{fill:#ab7df8;stroke:#ab7df8}}
</style>`;

/** One bar a server. The scale begins at 0; where one is much longer than the others, the figures tell. */
export function bars(title: string, { what, unit, values }: Row): string {
  const names = NAMES.filter((name) => values[name] !== undefined);
  const most = Math.max(...names.map((name) => values[name] ?? 0), Number.MIN_VALUE);
  const height = 44 + names.length * (BAR + GAP) + 6;
  const room = WIDTH - LABEL - 90;
  const parts = names.map((name, i) => {
    const value = values[name] ?? 0;
    const y = 44 + i * (BAR + GAP);
    const length = Math.max(1, (Math.max(0, value) / most) * room);
    return (
      `<text x="${LABEL - 10}" y="${y + 16}" text-anchor="end">${name}</text>` +
      `<rect class="${CLASSES[name]}" x="${LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" rx="2"/>` +
      `<text x="${(LABEL + length + 8).toFixed(1)}" y="${y + 16}">${withUnit(value, unit)}</text>`
    );
  });
  return svg(height, `${title}: ${what}`, parts.join(""));
}

/** Lines over a logarithmic scale in both directions. */
export function lines({ title, x, y, points, series }: Curve): string {
  const height = 380;
  const [left, right, top, bottom] = [60, WIDTH - 150, 50, height - 50];
  const names = NAMES.filter((name) => series[name] !== undefined);
  const all = names.flatMap((name) => series[name] ?? []).filter((value) => value > 0 && value < Infinity);
  const xs = scale(Math.min(...points), Math.max(...points), left, right);
  const [low, high] = [
    10 ** Math.floor(Math.log10(Math.min(...all))),
    10 ** Math.ceil(Math.log10(Math.max(...all))),
  ];
  const ys = scale(low, high, bottom, top);
  const parts: string[] = [];
  for (let tick = low; tick <= high * 1.001; tick *= 10) {
    parts.push(`<path class="g" d="M${left} ${ys(tick).toFixed(1)}H${right}"/>`);
    parts.push(
      `<text class="s" x="${left - 8}" y="${(ys(tick) + 4).toFixed(1)}" text-anchor="end">${Number(tick.toPrecision(1))}</text>`,
    );
  }
  for (const point of points) {
    parts.push(
      `<text class="s" x="${xs(point).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${point.toLocaleString("en")}</text>`,
    );
  }
  parts.push(`<text class="s" x="${(left + right) / 2}" y="${bottom + 38}" text-anchor="middle">${x}</text>`);
  parts.push(`<text class="s" x="${left}" y="${top - 10}">${y}</text>`);
  const drawn = names.map((name) => {
    const values = series[name] ?? [];
    // What could not be measured has no point.
    const known = values.flatMap((value, j) =>
      Number.isFinite(value) ? [{ value, x: xs(points[j] ?? 1), y: ys(value) }] : [],
    );
    return { name, kind: CLASSES[name], known };
  });
  const ends = spreadOut(drawn.map(({ known }) => known.at(-1)?.y ?? bottom));
  for (const [i, { name, kind, known }] of drawn.entries()) {
    parts.push(
      `<polyline class="${kind}" points="${known.map((at) => `${at.x.toFixed(1)},${at.y.toFixed(1)}`).join(" ")}"/>`,
    );
    for (const at of known) {
      const place = `cx="${at.x.toFixed(1)}" cy="${at.y.toFixed(1)}"`;
      parts.push(
        `<circle class="${kind}" ${place} r="3.5"><title>${name}: ${digits(at.value)}</title></circle>`,
      );
    }
    parts.push(`<text x="${right + 10}" y="${((ends[i] ?? 0) + 4).toFixed(1)}">${name}</text>`);
  }
  return svg(height, title, parts.join(""));
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = Math.log10(high) - Math.log10(low) || 1;
  return (value) => from + ((Math.log10(value) - Math.log10(low)) / span) * (to - from);
}

/** The same heights, moved apart where labels would lie on each other. */
function spreadOut(heights: readonly number[]): number[] {
  const order = heights.map((height, i) => ({ height, i })).sort((a, b) => a.height - b.height);
  const placed: number[] = [];
  let free = -Infinity;
  for (const { height, i } of order) {
    placed[i] = Math.max(height, free);
    free = (placed[i] ?? 0) + 16;
  }
  return placed;
}

function svg(height: number, title: string, body: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">` +
    `<title>${title}</title>${STYLE}<text class="t" x="8" y="22">${title}</text>${body}</svg>\n`
  );
}
