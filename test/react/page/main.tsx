/** A page that shows what the hooks return, and writes down every rendering. `window.drive` is for the test. */
import { connect } from "tidemark/client";
import { createHooks } from "tidemark/react";
import { StrictMode, useState, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import type { App } from "../app.js";
import { Table } from "./table.js";

const { TidemarkProvider, usePresence, useStatus, useStream, useTransient } = createHooks<App>();

/** What a component was rendered with, in the order of rendering. */
interface Rendering {
  readonly room: string;
  readonly texts: readonly string[];
}

export interface Drive {
  readonly renderings: Rendering[];
  /** The texts on the page at each animation frame, each state once. */
  readonly frames: string[];
  publish: (text: string) => Promise<unknown>;
  type: (on: boolean) => Promise<unknown>;
}

declare global {
  interface Window {
    drive: Drive;
  }
}

const options = new URLSearchParams(location.search);
const last = Number(options.get("last") ?? 0);
const drive: Drive = {
  renderings: [],
  frames: [],
  publish: () => Promise.reject(new Error("not rendered yet")),
  type: () => Promise.reject(new Error("not rendered yet")),
};
window.drive = drive;

function Messages({
  room,
  kind,
}: {
  readonly room: string;
  readonly kind: "chat" | "short" | "closed";
}): ReactElement {
  const view = useStream(`${kind}/:id`, { id: room }, { last });
  const { messages, pending, ready, gap, error, hasOlder, loadOlder } = view;
  drive.renderings.push({ room, texts: messages.map(({ data }) => data.text) });
  drive.publish = (text) => view.publish({ text });
  return (
    <section data-testid="stream" data-ready={ready} data-gap={gap?.reason} data-error={error?.code}>
      {hasOlder && (
        <button data-testid="older" onClick={() => void loadOlder(10)}>
          older
        </button>
      )}
      <ol>
        {messages.map(({ offset, data }) => (
          <li key={offset} data-testid="message">
            {data.text}
          </li>
        ))}
        {pending.map((item) => (
          <li key={`pending ${item.key}`} data-testid={item.state}>
            {item.data.text}
            {item.state === "failed" && (
              <>
                <span data-testid="why">{item.error?.message}</span>
                <button data-testid="retry" onClick={item.retry}>
                  again
                </button>
                <button data-testid="dismiss" onClick={item.dismiss}>
                  away
                </button>
              </>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Members({ room }: { readonly room: string }): ReactElement {
  const { members, count } = usePresence("chat/:id", { id: room });
  return (
    <p data-testid="members">
      {count}:{" "}
      {members
        .map(({ id }) => id)
        .toSorted()
        .join(" ")}
    </p>
  );
}

function Typing({ room }: { readonly room: string }): ReactElement {
  const { latest, publish } = useTransient("typing/:id", { id: room }, { expireAfter: 500 });
  drive.type = (on) => publish({ on });
  return (
    <p data-testid="typing">
      {latest.map(({ from, data }) => `${from} ${data.on ? "on" : "off"}`).join(", ")}
    </p>
  );
}

/** Another component on the same channel, which comes later and wants to see more. */
function Far({ room }: { readonly room: string }): ReactElement {
  const { messages } = useStream("chat/:id", { id: room }, { last: 20 });
  return <p data-testid="far">{messages.map(({ data }) => data.text).join(" ")}</p>;
}

function Status(): ReactElement {
  return <p data-testid="status">{useStatus()}</p>;
}

function Page(): ReactElement {
  const [room, setRoom] = useState(options.get("room") ?? "a");
  const [shown, setShown] = useState(true);
  const [far, setFar] = useState(false);
  const kind = (options.get("kind") ?? "chat") as "chat" | "short" | "closed";
  return (
    <>
      <Status />
      <button data-testid="to-b" onClick={() => setRoom((now) => now.replace("-a", "-b"))}>
        b
      </button>
      <button data-testid="toggle" onClick={() => setShown((now) => !now)}>
        toggle
      </button>
      <button data-testid="show-far" onClick={() => setFar(true)}>
        far
      </button>
      {shown && (
        <>
          {kind === "chat" && <Members room={room} />}
          <Messages room={room} kind={kind} />
          <Typing room={room} />
          {far && <Far room={room} />}
          {options.has("table") && <Table id={room} />}
        </>
      )}
    </>
  );
}

function Whole(): ReactElement {
  const [there, setThere] = useState(true);
  return (
    <>
      <button data-testid="leave" onClick={() => setThere(false)}>
        leave
      </button>
      {there && (
        <TidemarkProvider
          client={() =>
            connect<App>("/connect", { token: options.get("user") ?? "ann", backoff: { min: 20, max: 40 } })
          }
        >
          <Page />
        </TidemarkProvider>
      )}
    </>
  );
}

function watch(): void {
  const shown = [...document.querySelectorAll("li")]
    .map((line) => line.firstChild?.textContent ?? "")
    .join("|");
  if (drive.frames.at(-1) !== shown) drive.frames.push(shown);
  requestAnimationFrame(watch);
}
watch();

const root = document.getElementById("root");
if (root === null) throw new Error("no root");
createRoot(root).render(
  <StrictMode>
    <Whole />
  </StrictMode>,
);
