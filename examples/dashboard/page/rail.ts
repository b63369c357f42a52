/** My link: what comes over it, how old it is, and how much of it one wants. */
import { byId, el } from "../../shared/page/dom.js";
import { showAge, showBytes, showRate, showTenths, showWhole } from "./format.js";
import type { LightState } from "./light.js";
import type { Figures, Viewer } from "./viewer.js";

/** The rates that the server knows, in messages a second. */
const RATES = [0.2, 0.5, 1, 2, 5, 10, 20, 30, 60] as const;
export const FIRST_RATE = 20;
const SHOW_MS = 250;

const ROWS: readonly (readonly [id: string, label: string, text: (figures: Figures) => string])[] = [
  ["messages", "Messages a second", ({ messages }) => showWhole(messages)],
  ["wire", "On the wire a second", ({ wire }) => showBytes(wire)],
  ["changes", "Changes a second", ({ changes }) => showWhole(changes)],
  ["merged", "Merged", ({ merged }) => `${showTenths(merged)}:1`],
  ["age", "What I see is", ({ age }) => (age === undefined ? "not there yet" : `${showAge(age)} old`)],
  [
    "saved",
    "Saved by deflate",
    ({ saved, savedShare }) => `${showBytes(saved)} (${showWhole(savedShare * 100)} %)`,
  ],
];

export class Rail {
  /** On a small screen, where it covers what is looked at: closes it, and says whether it was open. */
  readonly closeSheet: () => boolean;
  readonly #viewer: Viewer;
  readonly #values: readonly HTMLElement[];

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    this.#values = ROWS.map(([id]) => el("dd", { "data-testid": `figure-${id}` }));
    byId("numbers", HTMLElement).append(
      ...ROWS.map(([, label], nth) => el("div", {}, el("dt", {}, label), this.#values[nth] ?? "")),
    );
    setInterval(() => this.#show(), SHOW_MS);
    this.#show();
    this.#follow();
    this.closeSheet = makeSheet();
  }

  light(state: LightState): void {
    for (const id of ["light", "sheet-light"]) byId(id, HTMLElement).dataset["state"] = state;
  }

  #show(): void {
    const figures = this.#viewer.figures();
    for (const [nth, [, , text]] of ROWS.entries()) {
      const value = this.#values[nth];
      if (value !== undefined) value.textContent = text(figures);
    }
    const { age, wire, merged } = figures;
    byId("sheet-text", HTMLElement).textContent =
      `My link: ${showBytes(wire)}/s, ${showTenths(merged)}:1, ${age === undefined ? "…" : showAge(age)}`;
  }

  #follow(): void {
    const slider = byId("rate", HTMLInputElement);
    const pause = byId("pause", HTMLButtonElement);
    slider.max = String(RATES.length - 1);
    slider.value = String(RATES.indexOf(FIRST_RATE));
    const say = (): void => {
      const text = showRate(this.#viewer.rate);
      slider.setAttribute("aria-valuetext", text);
      byId("rate-text", HTMLElement).textContent = text;
    };
    slider.addEventListener("input", () => {
      this.#viewer.tune(RATES[slider.valueAsNumber] ?? FIRST_RATE);
      say();
    });
    pause.addEventListener("click", () => {
      this.#viewer.pause(!this.#viewer.paused);
      pause.setAttribute("aria-pressed", String(this.#viewer.paused));
      pause.textContent = this.#viewer.paused ? "Go on" : "Pause";
    });
    say();
  }
}

/**
 * On a small screen it is a sheet at the bottom, of which one line shows until it is opened.
 *
 * @returns closes it; says whether it was open
 */
function makeSheet(): () => boolean {
  const rail = byId("rail", HTMLElement);
  const sheet = byId("sheet", HTMLButtonElement);
  const isOpen = (): boolean => rail.classList.contains("open");
  const show = (open: boolean): void => {
    rail.classList.toggle("open", open);
    sheet.setAttribute("aria-expanded", String(open));
  };
  const close = (): boolean => {
    const was = isOpen();
    show(false);
    return was;
  };
  sheet.addEventListener("click", () => show(!isOpen()));
  rail.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && close()) sheet.focus();
  });
  return close;
}
