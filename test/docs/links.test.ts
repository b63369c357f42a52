/** Every relative link in a markdown file leads to a file that exists, to a heading that it has, and where its label says. */
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { filesBelow, readText } from "../project/files.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const pages = filesBelow("").filter((path) => path.endsWith(".md"));

/** The text without its code, in which brackets mean something else. */
function prose(page: string): string {
  return readText(page)
    .replaceAll(/^(```+)[^]*?^\1$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "`code`");
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = readText(page).replaceAll(/^(```+)[^]*?^\1$/gm, "");
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "").replaceAll(" ", "-");
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function faultOf(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), decodeURI(path));
  if (target.startsWith("..") || !existsSync(ROOT + target)) return `${page}: ${link} leads nowhere`;
  if (anchor === undefined || !target.endsWith(".md")) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : `${page}: ${link}: ${target} has no such heading`;
}

test("all relative links lead somewhere", () => {
  const links = pages.flatMap((page) =>
    [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = ""]) => ({ page, link }))
      .filter(({ link }) => !/^[a-z]+:/.test(link)),
  );
  expect(links.length).toBeGreaterThan(30);
  expect(links.flatMap(({ page, link }) => faultOf(page, link) ?? [])).toEqual([]);
});

test("a label that is a path is the end of the path that it leads to", () => {
  const labelled = pages.flatMap((page) =>
    [...prose(page).matchAll(/\[((?:[\w-]+\/)+[\w-]+\.[\w.]+)\]\(([^)\s#]+)/g)].map(
      ([, label = "", link = ""]) => ({ page, label, target: `/${posix.join(posix.dirname(page), link)}` }),
    ),
  );
  expect(labelled.length).toBeGreaterThan(10);
  expect(labelled.filter(({ label, target }) => !target.endsWith(`/${label}`))).toEqual([]);
});
