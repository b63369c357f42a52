/** This server, as each of its processes says it is, once a second. */
import { state, type StateHandle } from "tidemark/state";
import { byId } from "../../shared/page/dom.js";
import type { Vitals } from "../vitals.js";
import { Chart, SECONDS } from "./chart.js";
import { showTenths, showWhole } from "./format.js";
import type { View } from "./tabs.js";
import type { Viewer } from "./viewer.js";

const CHARTS = [
  { id: "cpu", title: "Processor", unit: "% of a core", least: 10, show: showTenths },
  { id: "delay", title: "Event loop delay, p99", unit: "ms", least: 5, show: showTenths },
  { id: "changes", title: "Changes a second", unit: "", least: 100, show: showWhole },
  { id: "connections", title: "Connections", unit: "", least: 4, show: showWhole },
  { id: "memory", title: "Memory", unit: "MiB", least: 100, show: showTenths },
] as const;

export class ServerView implements View {
  readonly #viewer: Viewer;
  readonly #charts = CHARTS.map((options) => [options.id, new Chart(options)] as const);
  /** Of each process what it said in the last two minutes, a place a second. */
  readonly #past = new Map<string, (Vitals | undefined)[]>();
  #processes: StateHandle<Vitals, Vitals> | undefined;
  #everySecond: ReturnType<typeof setInterval> | undefined;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    byId("charts", HTMLElement).append(...this.#charts.map(([, { element }]) => element));
  }

  /** The map that is shown; none while this is not. */
  get handle(): StateHandle<Vitals, Vitals> | undefined {
    return this.#processes;
  }

  show(): void {
    const { rt, rate } = this.#viewer;
    this.#past.clear();
    this.#processes = this.#viewer.take(state(rt, "processes", { rate }), true);
    this.#everySecond = setInterval(() => this.#keep(), 1000);
    this.#render();
  }

  hide(): void {
    clearInterval(this.#everySecond);
    if (this.#processes !== undefined) this.#viewer.drop(this.#processes);
    this.#processes = undefined;
  }

  #keep(): void {
    const now = this.#processes?.map ?? new Map<string, Vitals>();
    for (const [id, vitals] of now) {
      if (!this.#past.has(id))
        this.#past.set(
          id,
          Array.from({ length: SECONDS }, () => undefined),
        );
      this.#past.get(id)?.push(vitals);
    }
    for (const [id, past] of this.#past) {
      if (!now.has(id)) past.push(undefined);
      past.shift();
      if (past.every((each) => each === undefined)) this.#past.delete(id);
    }
    this.#render();
  }

  #render(): void {
    const ids = [...this.#past.keys()];
    byId("processes", HTMLElement).textContent =
      ids.length === 0
        ? "Each process says once a second how it is, and that this holds for five seconds."
        : `Process ${ids.join(", ")}: says once a second how it is, and that this holds for five seconds.`;
    for (const [id, chart] of this.#charts)
      chart.show([...this.#past.values()].map((past) => past.map((each) => each?.[id] ?? null)));
  }
}
