/** An image of a message. Its place is as large as the image from the beginning, so that nothing jumps. */
import { el } from "../../shared/page/dom.js";
import type { ImageInfo } from "./content.js";

/** Where an image's bytes are, as soon as they are here. */
export type AddressOf = (owner: string, key: string, type: string) => Promise<string>;

/** How large it is shown at most, in pixels. */
const MOST_WIDTH = 360;
const MOST_HEIGHT = 300;

/** Bytes are fetched when a reader comes near. */
const nearby = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      nearby.unobserve(target);
      target.dispatchEvent(new Event("near"));
    }
  },
  { rootMargin: "600px" },
);

export function imageElement(
  { key, type, width, height, alt }: ImageInfo,
  owner: string,
  addressOf: AddressOf,
): HTMLElement {
  const scale = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  const size = { width: String(Math.round(width * scale)), height: String(Math.round(height * scale)) };
  const place = el("a", { class: "image", "data-testid": "image", target: "_blank" });
  place.style.aspectRatio = `${width} / ${height}`;
  place.style.width = `${size.width}px`;
  const label = alt === "" ? "An image" : alt;
  place.append(el("span", { class: "quiet" }, `${label}, on its way…`));
  place.addEventListener("near", () => {
    void addressOf(owner, key, type).then(
      (address) => {
        place.href = address;
        place.title = alt;
        place.replaceChildren(el("img", { ...size, src: address, alt: label }));
      },
      () => place.replaceChildren(el("span", { class: "quiet" }, `${label} did not come`)),
    );
  });
  nearby.observe(place);
  return place;
}
