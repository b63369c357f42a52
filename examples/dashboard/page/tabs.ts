/** Tabs as everybody expects them: one is shown, arrow keys go from one to the next, and the address says which. */

/** What a tab shows. It costs nothing while it is not shown. */
export interface View {
  show(): void;
  hide(): void;
}

/** @param views by the id of their panels; the first is shown where the address says nothing */
export function makeTabs(list: HTMLElement, views: Readonly<Record<string, View>>): void {
  const tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const idOf = (tab: HTMLElement): string => tab.getAttribute("aria-controls") ?? "";
  let shown: View | undefined;

  function select(id: string): void {
    const view = views[id];
    if (view === undefined || view === shown) return;
    shown?.hide();
    shown = view;
    for (const tab of tabs) {
      const isShown = idOf(tab) === id;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      const panel = document.getElementById(idOf(tab));
      if (panel !== null) panel.hidden = !isShown;
    }
    view.show();
  }

  const follow = (): void => {
    const id = location.hash.slice(1);
    select(id in views ? id : (tabs.map(idOf)[0] ?? ""));
  };
  for (const [nth, tab] of tabs.entries()) {
    tab.addEventListener("click", () => {
      // Not by the location, which would take the focus to the panel.
      if (location.hash.slice(1) !== idOf(tab)) history.pushState(undefined, "", `#${idOf(tab)}`);
      follow();
    });
    tab.addEventListener("keydown", ({ key }) => {
      const to = { ArrowRight: nth + 1, ArrowLeft: nth - 1, Home: 0, End: tabs.length - 1 }[key];
      if (to === undefined) return;
      const next = tabs[(to + tabs.length) % tabs.length];
      next?.focus();
      next?.click();
    });
  }
  addEventListener("popstate", follow);
  follow();
}
