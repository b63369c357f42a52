/** Vans on a map. Each is there as long as it says so: one that falls silent turns grey, and then its key has expired. */
import { state, type StateHandle } from "tidemark/state";
import { button, byId, el } from "../../shared/page/dom.js";
import type { Van } from "../fleet.js";
import { drawCity, svg } from "./city.js";
import { showAge } from "./format.js";
import type { View } from "./tabs.js";
import type { Viewer } from "./viewer.js";

/** One that says nothing for so long, while others do, is silent. */
const SILENT_MS = 1800;

interface Place {
  readonly dot: SVGGElement;
  readonly item: HTMLElement;
  readonly button: HTMLButtonElement;
}

export class FleetView implements View {
  readonly #viewer: Viewer;
  readonly #map: SVGElement;
  readonly #list = byId("vans", HTMLElement);
  readonly #places = new Map<string, Place>();
  #fleet: StateHandle<Van, Van> | undefined;

  constructor(viewer: Viewer) {
    this.#viewer = viewer;
    const map = document.getElementById("map");
    if (!(map instanceof SVGElement)) throw new Error("the page has no map");
    this.#map = map;
    drawCity(map);
  }

  /** The map that is shown; none while this is not. */
  get handle(): StateHandle<Van, Van> | undefined {
    return this.#fleet;
  }

  show(): void {
    const { rt, rate } = this.#viewer;
    const fleet = this.#viewer.take(state(rt, "fleet", { rate }), true);
    this.#fleet = fleet;
    fleet.on("changes", () => this.#render(fleet.map));
  }

  hide(): void {
    if (this.#fleet !== undefined) this.#viewer.drop(this.#fleet);
    this.#fleet = undefined;
    for (const name of this.#places.keys()) this.#remove(name);
  }

  #render(vans: ReadonlyMap<string, Van>): void {
    // By the vans' own clocks: how old what comes is by mine has nothing to do with who is silent.
    const newest = Math.max(...[...vans.values()].map(({ at }) => at));
    let silent = 0;
    for (const name of this.#places.keys()) {
      if (vans.has(name)) continue;
      this.#remove(name);
      byId("fleet-news", HTMLElement).textContent = `${name} has expired`;
    }
    for (const [name, van] of vans) {
      const place = this.#places.get(name) ?? this.#add(name);
      const age = newest - van.at;
      const isSilent = age > SILENT_MS;
      if (isSilent) silent++;
      place.dot.style.transform = `translate(${van.x}px, ${van.y}px)`;
      const shown = isSilent ? "silent" : "driving";
      for (const each of [place.dot, place.item]) each.dataset["state"] = shown;
      place.button.textContent = isSilent ? `${name}: ${showAge(age)}` : `Stop ${name}`;
      place.button.ariaLabel = isSilent ? `${name}: silent` : `Stop ${name}`;
      place.button.setAttribute("aria-disabled", String(isSilent));
    }
    const text = silent === 0 ? `${vans.size}` : `${vans.size}, ${silent} silent`;
    byId("van-count", HTMLElement).textContent = text;
  }

  #add(name: string): Place {
    const stop = button({ class: "van", "data-van": name }, "", () => this.#stop(name));
    const dot = svg("g", { class: "pin", "data-van": name }, svg("circle", { r: "13" }), label(name));
    dot.addEventListener("click", () => this.#stop(name));
    const place = { dot, item: el("li", {}, stop), button: stop };
    this.#places.set(name, place);
    this.#map.append(dot);
    // By name, wherever it comes back.
    const next = [...this.#list.children].find(
      (each) => (each.textContent ?? "") > "" && nameOf(each) > name,
    );
    this.#list.insertBefore(place.item, next ?? null);
    return place;
  }

  #remove(name: string): void {
    const place = this.#places.get(name);
    const hadFocus = place?.button === document.activeElement;
    place?.dot.remove();
    place?.item.remove();
    this.#places.delete(name);
    if (hadFocus) this.#list.querySelector("button")?.focus();
  }

  #stop(name: string): void {
    this.#viewer.rt.call("stop", name).catch((error: unknown) => {
      byId("fleet-news", HTMLElement).textContent = error instanceof Error ? error.message : String(error);
    });
  }
}

function nameOf(item: Element): string {
  return item.querySelector<HTMLElement>("[data-van]")?.dataset["van"] ?? "";
}

function label(name: string): SVGElement {
  const text = svg("text", { y: "4" });
  text.textContent = name.replace("van-", "");
  return text;
}
