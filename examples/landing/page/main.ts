/** The start page: what there is, and two WebSockets to try at once. */
import { button, byId, el } from "../../shared/page/dom.js";
import { EXAMPLES } from "./examples.js";
import { SAMPLE_FRAMES } from "./frames.js";
import { SocketLog } from "./socket-log.js";
import { socketUrl } from "./socket-url.js";

byId("examples", HTMLElement).append(
  ...EXAMPLES.map(({ title, href, about, shows }) =>
    el(
      "a",
      { class: "card", href, "data-testid": "example" },
      el("h3", {}, title),
      el("p", {}, about),
      el("p", { class: "shows" }, ...shows.map((each) => el("code", {}, each))),
    ),
  ),
);

const echoUrl = socketUrl("echo");
const connectUrl = socketUrl("connect");
for (const [id, url] of [
  ["echo-url", echoUrl],
  ["connect-url", connectUrl],
] as const) {
  byId(id, HTMLElement).textContent = url;
}

const echo = new SocketLog(echoUrl, byId("echo-log", HTMLElement));
const echoInput = byId("echo-input", HTMLInputElement);
byId("echo-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  if (echoInput.value !== "") echo.send(echoInput.value);
  echoInput.value = "";
});

const channels = new SocketLog(connectUrl, byId("frame-log", HTMLElement));
const frameInput = byId("frame-input", HTMLInputElement);
const suggest = (nth: number): void => {
  frameInput.value = SAMPLE_FRAMES[nth]?.frame ?? "";
};
let next = 0;
suggest(next);
byId("frame-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const frame = frameInput.value.trim();
  if (frame === "") return;
  channels.send(frame);
  // Whoever only presses Enter goes through the samples.
  if (frame === SAMPLE_FRAMES[next]?.frame) next++;
  suggest(next);
});

byId("frames", HTMLElement).append(
  ...SAMPLE_FRAMES.map(({ frame, about }, nth) => {
    const take = button({ class: "frame", title: "Put it into the box" }, "", () => {
      next = nth;
      suggest(next);
      frameInput.focus();
    });
    take.append(el("code", {}, frame), el("span", { class: "quiet" }, about));
    return el("li", {}, take);
  }),
);
