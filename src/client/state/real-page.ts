import type { Page } from "../page.js";

/** The platform's own; a page that is not seen paints nothing, and neither does Node. */
export const realPage: Page = {
  hidden: () => pageOf()?.visibilityState === "hidden",
  listen(changed) {
    const page = pageOf();
    page?.addEventListener("visibilitychange", changed);
    return () => page?.removeEventListener("visibilitychange", changed);
  },
  frame(show) {
    const { requestAnimationFrame: request } = globalThis as Partial<typeof globalThis>;
    if (!request || realPage.hidden()) return false;
    request(show);
    return true;
  },
};

function pageOf(): Document | undefined {
  return (globalThis as Partial<typeof globalThis>).document;
}
