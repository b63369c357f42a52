/** On a small screen the sidebar is a drawer over the messages; on a wide one it is always there. */
import { button } from "../../shared/page/dom.js";

export interface Drawer {
  readonly close: () => void;
}

/** Lets the openers open the sidebar; a button in it, the backdrop and Escape close it. */
export function drawer(sidebar: HTMLElement, openers: readonly HTMLElement[], backdrop: HTMLElement): Drawer {
  let opener: HTMLElement | undefined;
  const show = (open: boolean): void => {
    document.body.classList.toggle("drawer-open", open);
    for (const each of openers) each.setAttribute("aria-expanded", String(open));
  };
  const close = (): void => {
    show(false);
    opener?.focus();
    opener = undefined;
  };
  const closer = button({ class: "icon close", "aria-label": "Close" }, "✕", close);
  sidebar.prepend(closer);
  for (const each of openers) {
    each.addEventListener("click", () => {
      opener = each;
      show(true);
      closer.focus();
    });
  }
  backdrop.addEventListener("click", close);
  sidebar.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  show(false);
  return { close };
}
