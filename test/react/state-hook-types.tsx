/** What compiles against typed hooks on channels of keys, and what does not. Compiled only; nothing here runs. */
import type { ReactElement } from "react";
import { createStateHooks, type StateView, useStateKey as useAnyKey } from "tidemark/react/state";

interface Metrics {
  cpu: number;
}

interface MetricsApp {
  readonly "~types"?: {
    readonly channels: {
      readonly "metrics/:region": { kind: "state"; input: Metrics; output: Metrics & { at: number } };
      readonly votes: { kind: "state"; input: number; output: number };
      readonly "chat/:id": { kind: "stream"; input: string; output: string };
    };
    readonly methods: Readonly<Record<string, never>>;
  };
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const { useStateChannel, useStateKey, useStateKeys, useStatePresence, useStateValue } =
  createStateHooks<MetricsApp>();

export function Typed({ region }: { readonly region: string }): ReactElement {
  const machine = useStateKey("metrics/:region", { region }, "web-1", { prefix: "web-" });
  same<Equal<typeof machine, (Metrics & { at: number }) | undefined>>();
  const yes = useStateKey("votes", "yes");
  same<Equal<typeof yes, number | undefined>>();
  // @ts-expect-error -- the key is missing
  useStateKey("metrics/:region", { region });
  // @ts-expect-error -- the parameter has another name
  useStateKey("metrics/:region", { id: region }, "web-1");
  // @ts-expect-error -- a stream is no channel of keys
  useStateKey("chat/:id", { id: "a" }, "web-1");
  // @ts-expect-error -- no channel pattern matches
  useStateKey("metricz/eu", "web-1");
  // @ts-expect-error -- no such option
  useStateKey("votes", "yes", { prefx: "y" });

  const load = useStateValue("metrics/:region", { region }, (map) => [...map.values()].map(({ at }) => at));
  same<Equal<typeof load, number[] | undefined>>();
  const size = useStateValue(
    "votes",
    (map) => map.size,
    (a, b) => a === b,
    { rate: 1 },
  );
  same<Equal<typeof size, number | undefined>>();
  // @ts-expect-error -- the value has another form
  useStateValue("metrics/eu", (map) => map.get("web-1")?.mem);

  const keys = useStateKeys("metrics/:region", { region }, { prefix: "web-" });
  same<Equal<typeof keys, readonly string[] | undefined>>();
  const channel = useStateChannel("metrics/eu");
  same<Equal<typeof channel, StateView<Metrics & { at: number }, Metrics>>>();
  void channel.set("web-1", { cpu: 1 });
  void channel.update("web-1", (held) => ({ cpu: (held?.cpu ?? 0) + 1 }));
  // @ts-expect-error -- a value of another form
  void channel.set("web-1", { cup: 1 });
  const { count } = useStatePresence("metrics/:region", { region });
  return <p>{count}</p>;
}

export function Untyped(): ReactElement {
  const value = useAnyKey("whatever/:you", { you: "like" }, "key");
  same<Equal<typeof value, unknown>>();
  return <p>{String(value)}</p>;
}
