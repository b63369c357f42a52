/** The page's colours, for what is drawn instead of styled. */

export interface Colours {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly up: string;
  readonly down: string;
}

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: of("--text"),
    quiet: of("--quiet"),
    line: of("--line"),
    accent: of("--accent"),
    up: of("--up"),
    down: of("--down"),
  };
}

/** Calls `changed` when it becomes dark or light. */
export function onTheme(changed: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
}

/** Whether somebody wants things to keep still. */
export function keepsStill(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
