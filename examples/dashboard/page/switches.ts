/** What makes it hard for a viewer, to be tried by hand: each says afterwards what came of it. */
import { button, byId, el } from "../../shared/page/dom.js";
import { HiddenMeter, pretendHidden } from "./hidden.js";
import { showAge, showBytes, showTenths, showWhole } from "./format.js";
import { Twin } from "./twin.js";
import type { Viewer } from "./viewer.js";

const BLOCK_MS = 5000;
const CUT_MS = 3000;
const HIDE_MS = 5000;
/** What is this old counts as new. */
const NEW_MS = 1000;

/** The map that is looked at now. */
export interface Looked {
  readonly map: ReadonlyMap<string, unknown>;
  on(
    name: "changes",
    listener: (changes: { readonly changed: ReadonlySet<string>; readonly full: boolean }) => void,
  ): () => void;
}

interface Switch {
  readonly button: HTMLButtonElement;
  /** Where it says what came of it. */
  readonly said: HTMLElement;
  readonly say: (text: string) => void;
}

/** @param looked the map that is looked at now */
export function makeSwitches(viewer: Viewer, looked: () => Looked | undefined): void {
  const make = (id: string, label: string, hint: string, run: (own: Switch) => unknown): Switch => {
    const said = el("output", { "data-testid": `${id}-said` });
    const own: Switch = {
      said,
      say: (text) => {
        said.textContent = text;
      },
      button: button({ class: "plain", "data-testid": id }, label, () => void run(own)),
    };
    own.button.append(el("small", {}, hint));
    byId("switches", HTMLElement).append(own.button);
    byId("switches-said", HTMLElement).append(said);
    return own;
  };

  make("slow", "Slow my link", "20 KB a second", slowSwitch(viewer));
  make("block", "Block my tab", "5 s of computing", (own) => block(viewer, own));
  make("cut", "Cut me off", "3 s in a tunnel", (own) => cutOff(viewer, looked(), own));
  const { say } = make("hide", "Hide the tab", "5 s, or really", (own) =>
    once(own, () => pretendHidden(HIDE_MS)),
  );
  new HiddenMeter(viewer, say);
}

function slowSwitch(viewer: Viewer): (own: Switch) => Promise<void> {
  let twin: Twin | undefined;
  return async ({ button: pressed, said, say }) => {
    const slow = twin === undefined;
    twin?.close();
    twin = slow ? new Twin(viewer.rate) : undefined;
    if (twin !== undefined) said.after(twin.element);
    pressed.setAttribute("aria-pressed", String(slow));
    say(
      slow
        ? "Your link has 20 KB a second: see what is merged, and how old it gets"
        : "Your link is as it was",
    );
    await viewer.makeSlow(slow);
  };
}

function block(viewer: Viewer, own: Switch): Promise<void> {
  return once(own, async () => {
    own.say("Nothing here moves for 5 seconds");
    await painted();
    await painted();
    const { bytes } = viewer.tap;
    const until = performance.now() + BLOCK_MS;
    while (performance.now() < until);
    const from = performance.now();
    // What has come meanwhile is let in by the browser now.
    while ((viewer.age() ?? 0) > NEW_MS && performance.now() - from < 10_000) await painted();
    const came = showBytes(viewer.tap.bytes - bytes);
    own.say(
      `${came} came, and all of it was new again after ${showAge(performance.now() - from)}: nothing piled up`,
    );
  });
}

function cutOff(viewer: Viewer, looked: Looked | undefined, own: Switch): Promise<void> {
  return once(own, async () => {
    const { tap, rt } = viewer;
    own.say("Cut off");
    const from = performance.now();
    tap.cut();
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    const { bytes } = tap;
    const next = looked === undefined ? undefined : nextChanges(looked);
    tap.mend();
    own.say("Coming back");
    if (rt.status !== "online")
      await new Promise<void>((resolve) => {
        const off = rt.on("status", (status) => status === "online" && (off(), resolve()));
      });
    const away = showTenths((performance.now() - from) / 1000);
    const { changed = 0, full = false } = (await next) ?? {};
    const all = showWhole(looked?.map.size ?? 0);
    const what = full
      ? `all ${all} keys were told anew`
      : `${showWhole(changed)} of ${all} keys had changed and came again`;
    own.say(`Away for ${away} s: ${what}, in ${showBytes(tap.bytes - bytes)}`);
  });
}

/** What is told next: after a cut, all that has changed meanwhile, at once. */
function nextChanges(looked: Looked): Promise<{ changed: number; full: boolean }> {
  return new Promise((resolve) => {
    const off = looked.on("changes", ({ changed, full }) => {
      off();
      resolve({ changed: changed.size, full });
    });
  });
}

/** Runs something that takes a while, and not twice at a time. */
async function once({ button: pressed }: Switch, run: () => Promise<void>): Promise<void> {
  if (pressed.getAttribute("aria-disabled") === "true") return;
  pressed.setAttribute("aria-disabled", "true");
  try {
    await run();
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}

function painted(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
