/** The drawings on buttons, as paths in a square of 24. */

const PATHS = {
  send: "M5 12h14M13 6l6 6-6 6",
  image: "M5 5h14v14H5zM5 16l4-4 3 3 3-3 4 4M9 9h.01",
  react:
    "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM8.5 14.5c1 1.300 2.100 2 3.500 2s2.500-.7 3.500-2M9 9.500h.01M15 9.500h.01",
  reply: "M20 12a7 7 0 0 1-7 7H5l1.800-2.700A7 7 0 1 1 20 12z",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  search: "M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM20 20l-4-4",
  close: "M6 6l12 12M18 6L6 18",
  up: "M6 14l6-6 6 6",
  down: "M6 10l6 6 6-6",
} as const;

export type IconName = keyof typeof PATHS;

/** A drawing; what it means is for the button's label to say. */
export function icon(name: IconName): SVGSVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(namespace, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
