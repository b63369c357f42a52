/** What is wrong with a page for those who do not see it, or whose fingers are not those of a child. */
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

/** As large as a finger's end, in pixels. */
const TOUCH = 44;

/** What axe finds that is serious or critical, in short. */
export async function serious(page: Page): Promise<string[]> {
  // What moves is not judged in the middle of it.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`),
    );
}

/** What can be seen and touched, and is smaller than a finger: links in a text are as large as the text. */
export function small(page: Page): Promise<string[]> {
  return page.evaluate((least) => {
    const all = [...document.querySelectorAll<HTMLElement>("button, input, textarea, a:not(.text a)")];
    return all
      .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.hidden)
      .filter((each) => document.querySelector(":modal")?.contains(each) ?? true)
      .flatMap((each) => {
        const { width, height } = each.getBoundingClientRect();
        return Math.round(width) < least || Math.round(height) < least
          ? [`${each.outerHTML.slice(0, 120)} ${width}x${height}`]
          : [];
      });
  }, TOUCH);
}
