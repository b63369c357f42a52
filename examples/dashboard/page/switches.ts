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
  readonly say: (text: string) => void;
  readonly item: HTMLElement;
}

/** @param looked the map that is looked at now */
export function makeSwitches(viewer: Viewer, looked: () => Looked | undefined): void {
  const list = byId("switches", HTMLElement);
  const make = (id: string, label: string, about: string, run: (own: Switch) => unknown): void => {
    const said = el("output", { "data-testid": `${id}-said` });
    const item = el("li", {});
    const own: Switch = {
      item,
      say: (text) => {
        said.textContent = text;
      },
      button: button(
        { class: "plain", "data-testid": id, "aria-describedby": `${id}-about` },
        label,
        () => void run(own),
      ),
    };
    item.append(own.button, el("p", { class: "quiet", id: `${id}-about` }, about), said);
    list.append(item);
  };

  make("slow", "Make my link slow", "20 KB a second from now on, for this viewer only.", slowSwitch(viewer));
  make("block", "Block my tab for 5 s", "As a page does that computes too long.", (own) =>
    block(viewer, own),
  );
  make("cut", "Cut me off for 3 s", "As in a tunnel.", (own) => cutOff(viewer, looked(), own));
  make("hide", "Hide the tab for 5 s", "Or go to another tab, and come back.", (own) =>
    once(own, () => pretendHidden(HIDE_MS)),
  );

  const said = list.querySelector<HTMLElement>('[data-testid="hide-said"]');
  new HiddenMeter(viewer, (text) => {
    if (said !== null) said.textContent = text;
  });
}

function slowSwitch(viewer: Viewer): (own: Switch) => Promise<void> {
  let twin: Twin | undefined;
  return async ({ button: pressed, item, say }) => {
    const slow = twin === undefined;
    twin?.close();
    twin = slow ? new Twin(viewer.rate) : undefined;
    if (twin !== undefined) item.append(twin.element);
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
