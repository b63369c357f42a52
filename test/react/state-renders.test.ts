// @vitest-environment jsdom
/** What renders when a channel of keys changes, and what does not. */
import { type ReactElement, createElement } from "react";
import { createStateHooks } from "tidemark/react/state";
import { expect, test } from "vitest";
import { type Serving, rows, serving } from "./state-support.js";

const { useStateChannel, useStateKey, useStateKeys, useStateValue } = createStateHooks<Serving["app"]>();
const CHANNEL = ["table/:id", { id: "a" }] as const;

/** A table whose list and rows write down their renderings. */
function counted() {
  const rendered = new Map<string, number>();
  const count = (name: string): void => void rendered.set(name, (rendered.get(name) ?? 0) + 1);
  function Row({ id }: { readonly id: string }): ReactElement {
    count(id);
    return createElement("i", {}, `${id}=${useStateKey(...CHANNEL, id)?.n} `);
  }
  function List(): ReactElement {
    count("list");
    const keys = useStateKeys(...CHANNEL);
    return createElement("p", {}, keys?.map((id) => createElement(Row, { key: id, id })) ?? "loading");
  }
  /** How often each was rendered since this was asked last. */
  const take = (): object => {
    const taken = Object.fromEntries(rendered);
    rendered.clear();
    return taken;
  };
  return { List, count, take };
}

test("N83: of 1,000 rows that are shown the one whose key changes is rendered, once", async () => {
  const { page, table } = serving();
  const { List, take } = counted();
  await table.change({ set: rows(1000) });
  await page.show(createElement(List));
  expect(page.text()).toMatch(/^r0=0 r1=1 .* r999=999 $/);
  const first = take() as Record<string, number>;
  expect([Object.keys(first).length, first["list"], first["r0"], first["r999"]]).toEqual([1001, 2, 1, 1]);

  await page.settled(() => table.set("r7", { n: 70 }));
  expect(take()).toEqual({ r7: 1 });
  expect(page.text()).toContain(" r7=70 ");

  await page.settled(() => table.change({ set: { r1: { n: 2 }, r2: { n: 4 } } }));
  expect(take()).toEqual({ r1: 1, r2: 1 });
  await page.settled(() => table.set("r1", { n: 2 }));
  expect(take()).toEqual({});
});

test("N83: the list is rendered when keys come and go, and a row that goes is not", async () => {
  const { page, table } = serving();
  const { List, take } = counted();
  await page.show(createElement(List));
  expect([page.text(), take()]).toEqual(["", { list: 2 }]);
  await page.settled(() => table.set("b", { n: 1 }));
  await page.settled(() => table.set("a", { n: 2 }));
  expect([page.text(), take()]).toEqual(["b=1 a=2 ", { list: 2, a: 1, b: 2 }]);
  await page.settled(() => table.change({ delete: ["b"], set: { a: { n: 3 } } }));
  expect([page.text(), take()]).toEqual(["a=3 ", { list: 1, a: 1 }]);
  // Gone and back within one frame.
  await page.settled(() => Promise.all([table.delete("a"), table.set("a", { n: 4 })]));
  expect([page.text(), take()]).toEqual(["a=4 ", { a: 1 }]);
});

test("N83: a selection renders when it is another one; the selector runs once a frame", async () => {
  const { page, table } = serving();
  const { count, take } = counted();
  const odd = (map: ReadonlyMap<string, { n: number }>): string[] => {
    count("selector");
    return [...map].flatMap(([key, { n }]) => (n % 2 === 1 ? [key] : []));
  };
  const same = (a: readonly string[], b: readonly string[]): boolean => String(a) === String(b);
  const seen: unknown[] = [];
  function Odd(): ReactElement {
    count("odd");
    const keys = useStateValue(...CHANNEL, odd, same);
    seen.push(keys);
    return createElement("p", {}, keys?.join());
  }
  function Sum(): ReactElement {
    count("sum");
    // Another function at each rendering.
    const sum = useStateValue("table/a", (map) => [...map.values()].reduce((all, { n }) => all + n, 0));
    return createElement("p", {}, `:${sum}`);
  }
  await table.change({ set: rows(4) });
  await page.show(createElement(Odd, { key: 1 }), createElement(Sum, { key: 2 }));
  expect(page.text()).toBe("r1,r3:6");
  take();
  await page.settled(() => table.change({ set: { r0: { n: 2 }, r2: { n: 0 } } }));
  expect([page.text(), take()]).toEqual(["r1,r3:6", { selector: 1 }]);
  await page.settled(() => table.set("r0", { n: 9 }));
  expect([page.text(), take()]).toEqual(["r0,r1,r3:13", { selector: 1, odd: 1, sum: 1 }]);
  expect(seen.at(0)).toBeUndefined();
});

test("N83: a selection that is the same stays the same object, also with another selector", async () => {
  const { page, table } = serving();
  const seen = new Set<unknown>();
  function Names({ by }: { readonly by: number }): ReactElement {
    seen.add(
      useStateValue(
        ...CHANNEL,
        (map) => [...map.keys()].filter(() => by > 0),
        (a, b) => String(a) === String(b),
      ),
    );
    return createElement("p", {});
  }
  await table.change({ set: rows(2) });
  for (const by of [1, 2, 3]) await page.show(createElement(Names, { by }));
  expect([...seen]).toEqual([undefined, ["r0", "r1"]]);
});

test("N83: who writes is not rendered by keys; what is written shows at once, and goes when it is refused", async () => {
  const { page, table, run, rt } = serving();
  const { count, take } = counted();
  let view: ReturnType<typeof useStateChannel<"table/:id">> | undefined;
  function Writer(): ReactElement {
    count("writer");
    view = useStateChannel(...CHANNEL);
    return createElement("p", {}, view.ready ? "ready " : "not yet ");
  }
  function Value(): ReactElement {
    return createElement("p", {}, String(useStateKey(...CHANNEL, "k")?.n));
  }
  await page.show(createElement(Writer, { key: 1 }), createElement(Value, { key: 2 }));
  expect(page.text()).toBe("ready undefined");
  take();
  const { set, update, handle } = view ?? expect.fail("nothing was rendered");
  run.cut(rt);
  let written: Promise<unknown> | undefined;
  await page.settled(() => void (written = set("k", { n: 1 })));
  expect(page.text()).toBe("ready 1");
  await page.settled(() => run.pass("5s"));
  expect(await written).toMatchObject({ same: false });
  await page.settled(() => update("k", (held) => ({ n: (held?.n ?? 0) + 1 })));
  expect([page.text(), (await table.get("k"))?.n]).toEqual(["ready 2", 2]);

  let refused: Promise<unknown> | undefined;
  await page.settled(() => {
    refused = set("k", { n: "x" } as never);
    return expect(refused).rejects.toMatchObject({ code: "invalid" });
  });
  expect([page.text(), take()]).toEqual(["ready 2", {}]);
  expect(view?.handle).toBe(handle);
  expect(run.errors).toEqual([]);
});
