// @vitest-environment jsdom
/** The handles that components on channels of keys share, and when there is one. */
import { type ReactElement, StrictMode, createElement } from "react";
import { renderToString } from "react-dom/server";
import {
  createStateHooks,
  useStateChannel as useAnyChannel,
  useStateKey as useAnyKey,
} from "tidemark/react/state";
import { type StateHandle, type StateOptions, state } from "tidemark/state";
import { expect, test } from "vitest";
import { type Serving, rows, serving } from "./state-support.js";

const { useStateChannel, useStateKey, useStateKeys, useStatePresence, useStateValue } =
  createStateHooks<Serving["app"]>();

/** Components that show a row, and write down the handle that they share. */
function rowsOf() {
  const handles = new Set<StateHandle<unknown, never>>();
  function Row({ id = "a", row = "r0", options }: RowProps): ReactElement {
    const { handle, error } = useStateChannel("table/:id", { id }, options);
    const value = useStateKey("table/:id", { id }, row, options);
    const size = useStateValue("table/:id", { id }, (map) => map.size, undefined, options);
    if (handle) handles.add(handle);
    return createElement("i", {}, `${error?.code ?? `${value?.n} of ${size}`};`);
  }
  return { Row, handles };
}

interface RowProps {
  readonly id?: string;
  readonly row?: string;
  readonly options?: StateOptions;
}

test("N84: components share one handle, under StrictMode too, which ends with the last of them", async () => {
  const { page, table, gate } = serving();
  await table.change({ set: rows(3) });
  const { Row, handles } = rowsOf();
  const two = ["r1", "r2"].map((row) => createElement(Row, { key: row, row }));
  await page.show(createElement(StrictMode, {}, ...two));
  expect([page.text(), handles.size, gate.asked]).toEqual(["1 of 3;2 of 3;", 1, 1]);
  const [handle] = handles;

  // One of them goes, another one comes.
  await page.show(createElement(StrictMode, {}, two[0], createElement(Row, { key: "other" })));
  expect([page.text(), handles.size, gate.asked]).toEqual(["1 of 3;0 of 3;", 1, 1]);
  await page.show();
  await expect(handle?.delete("r0")).rejects.toMatchObject({ code: "closed" });

  await page.show(createElement(Row, {}));
  expect([page.text(), handles.size, gate.asked]).toEqual(["0 of 3;", 2, 2]);
});

test("N84: options that say the same are the same; with others it is another handle, on one subscription", async () => {
  const { page, table, gate } = serving();
  await table.change({ set: { ...rows(3), x: { n: 9 } } });
  const { Row, handles } = rowsOf();
  const narrow = (): RowProps => ({ options: { prefix: "r", rate: 20 } });
  await page.show(
    createElement(Row, { key: 1, ...narrow() }),
    createElement(Row, { key: 2, options: { rate: 20, prefix: "r" } }),
    createElement(Row, { key: 3, row: "x", ...narrow() }),
    createElement(Row, { key: 4, row: "x" }),
  );
  expect(page.text()).toBe("0 of 3;0 of 3;undefined of 3;9 of 4;");
  expect([handles.size, gate.asked]).toEqual([2, 1]);
});

test("N84: with other parameters a component shows that channel, or nothing, and never the one before", async () => {
  const { page, app, table } = serving();
  await Promise.all([table.set("r0", { n: 1 }), app.state("table/:id", { id: "b" }).set("r0", { n: 2 })]);
  const { Row } = rowsOf();
  const shown: string[] = [];
  function Room({ id }: { readonly id: string }): ReactElement {
    shown.push(`${id}${useStateKey("table/:id", { id }, "r0")?.n}`);
    return createElement(Row, { id });
  }
  for (const id of ["a", "b"]) await page.show(createElement(Room, { id }));
  expect(page.text()).toBe("2 of 1;");
  expect(new Set(shown)).toEqual(new Set(["aundefined", "a1", "bundefined", "b2"]));
});

test("N84: components that come when the channel was refused ask anew, once for all of them", async () => {
  const { page, table, gate, rt } = serving();
  rt.on("error", () => {});
  await table.change({ set: rows(40) });
  const { Row } = rowsOf();
  const some = (count: number): ReactElement[] =>
    Array.from({ length: count }, (_, key) => createElement(Row, { key }));
  gate.open = false;
  await page.show(...some(1));
  expect([page.text(), gate.asked]).toEqual(["forbidden;", 1]);
  await page.show(...some(20));
  expect([page.text(), gate.asked]).toEqual(["forbidden;".repeat(20), 2]);
  gate.open = true;
  await page.show(...some(40));
  expect([page.text(), gate.asked]).toEqual(["0 of 40;".repeat(40), 3]);
});

test("N84: a component on options that no server takes says so", async () => {
  const { page, rt } = serving();
  const { Row } = rowsOf();
  await page.show(createElement(Row, { options: { keys: [] } }));
  expect(page.text()).toBe("invalid;");
  // The others of that client go on.
  await page.show(createElement(Row, {}));
  expect([page.text(), rt.status]).toEqual(["undefined of 0;", "online"]);
});

test("N84: who is there is told to those who ask", async () => {
  const { page, run } = serving();
  function Who(): ReactElement {
    const { members, count } = useStatePresence("table/a");
    return createElement("i", {}, `${count}: ${members.map(({ id }) => id).join()}`);
  }
  await page.show(createElement(Who));
  expect(page.text()).toBe("1: ann");
  const { Row } = rowsOf();
  await page.show(createElement(Who, { key: "who" }), createElement(Row, { key: "row" }));
  expect(page.text()).toBe("1: annundefined of 0;");
  const bob = state(run.connect({ token: "bob" }), "table/a");
  await page.settled(() => bob.ready);
  expect(page.text()).toBe("2: ann,bobundefined of 0;");
});

test("N84: on a server there is nothing yet, and writing rejects where no provider is", async () => {
  let set: ((key: string, value: never) => Promise<unknown>) | undefined;
  function Everything(): ReactElement {
    const channel = useAnyChannel("table/a");
    ({ set } = channel);
    const shown = {
      ...channel,
      key: useAnyKey("table/a", "r0"),
      size: useStateValue("table/a", (map) => map.size) ?? "none",
      keys: useStateKeys("table/:id", { id: "a" }) ?? "none",
      ...useStatePresence("table/a"),
    };
    return createElement("p", {}, JSON.stringify(shown));
  }
  const html = renderToString(createElement(Everything)).replaceAll("&quot;", "'");
  expect(html).toBe("<p>{'ready':false,'size':'none','keys':'none','members':[],'count':0}</p>");
  await expect(set?.("r0", {} as never)).rejects.toThrow("its provider makes it");
});
