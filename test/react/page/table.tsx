/** A table over a channel of keys, each row of which says how often it was rendered. */
import { createStateHooks } from "tidemark/react/state";
import { useRef, type ReactElement } from "react";
import type { App } from "../app.js";

const { useStateChannel, useStateKey, useStateKeys } = createStateHooks<App>();

export function Table({ id }: { readonly id: string }): ReactElement {
  const keys = useStateKeys("table/:id", { id });
  const { set } = useStateChannel("table/:id", { id });
  return (
    <section>
      <button data-testid="set" onClick={() => void set("r1", { n: 111 })}>
        set
      </button>
      {keys?.map((key) => (
        <Row key={key} id={id} row={key} />
      ))}
    </section>
  );
}

function Row({ id, row }: { readonly id: string; readonly row: string }): ReactElement {
  const value = useStateKey("table/:id", { id }, row);
  const renderings = useRef(0);
  renderings.current++;
  return (
    <p data-testid="row" data-renderings={renderings.current}>
      {row}={value?.n}
    </p>
  );
}
