/** The last lines that went and came, as they are. */
import { byId, el } from "../../shared/page/dom.js";
import type { Tap, WireLine } from "./tap.js";

const SHOW_MS = 250;
const MARKS: Readonly<Record<WireLine["direction"], string>> = { sent: "→", received: "←", note: "·" };

/** @param uncover closes what covers it; says whether something did */
export function makeWireDrawer(tap: Tap, uncover: () => boolean): void {
  const drawer = byId("wire", HTMLElement);
  const lines = byId("wire-lines", HTMLElement);
  const opener = byId("show-wire", HTMLButtonElement);
  const freeze = byId("wire-freeze", HTMLButtonElement);
  let timer: ReturnType<typeof setInterval> | undefined;
  let isFrozen = false;

  const show = (): void => {
    if (isFrozen) return;
    lines.replaceChildren(
      ...tap.lines.map(({ direction, text }) =>
        el(
          "div",
          { class: direction, "data-direction": direction },
          el("span", { class: "mark", "aria-hidden": "true" }, MARKS[direction]),
          el("code", {}, text),
        ),
      ),
    );
    lines.scrollTop = lines.scrollHeight;
  };
  const open = (isOpen: boolean): void => {
    drawer.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    opener.textContent = isOpen ? "Hide the wire" : "Show the wire";
    clearInterval(timer);
    if (!isOpen) return;
    show();
    timer = setInterval(show, SHOW_MS);
  };
  const closer = byId("wire-close", HTMLButtonElement);
  const close = (): void => {
    open(false);
    // The button that opened it may be out of sight meanwhile.
    (opener.checkVisibility() ? opener : byId("sheet", HTMLButtonElement)).focus();
  };

  opener.addEventListener("click", () => {
    open(drawer.hidden !== false);
    if (!drawer.hidden && uncover()) closer.focus();
  });
  closer.addEventListener("click", close);
  drawer.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") close();
  });
  freeze.addEventListener("click", () => {
    isFrozen = !isFrozen;
    freeze.setAttribute("aria-pressed", String(isFrozen));
  });
}
