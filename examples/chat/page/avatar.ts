import { el } from "../../shared/page/dom.js";
import { hue, initials } from "./names.js";

/** A coloured circle with somebody's initials. Read out it would only repeat the name beside it. */
export function avatar(name: string): HTMLElement {
  const element = el("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
  element.style.setProperty("--hue", String(hue(name)));
  return element;
}
