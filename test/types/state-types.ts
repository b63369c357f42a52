/** What compiles against handles on channels of keys, and what does not. Compiled only; nothing here runs. */
import { connect } from "tidemark/client";
import { isConflict, state, type StateHandle } from "tidemark/state";

interface Metrics {
  cpu: number;
  mem?: number;
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

const rt = connect<MetricsApp>("wss://example.com/connect");

// By pattern and parameters, and by name.
const metrics = state(rt, "metrics/:region", { region: "eu" }, { rate: 5, prefix: "web-" });
same<Equal<typeof metrics, StateHandle<Metrics & { at: number }, Metrics>>>();
const named = state(rt, "metrics/eu", { keys: ["a"] });
same<Equal<typeof named, typeof metrics>>();
const votes = state(rt, "votes");
same<Equal<typeof votes, StateHandle<number, number>>>();
// @ts-expect-error -- a channel of another kind
state(rt, "chat/:id", { id: "general" });
// @ts-expect-error -- the same by name
state(rt, "chat/general");
// @ts-expect-error -- no such channel
state(rt, "metricz/eu");
// @ts-expect-error -- the parameter has another name
state(rt, "metrics/:region", { id: "eu" });
// @ts-expect-error -- no such option
state(rt, "metrics/eu", { rat: 5 });

// Where the app is not known, anything may be.
const any = state(connect("/connect"), "metrics/:region", { region: "eu" });
same<Equal<typeof any, StateHandle>>();

same<Equal<ReturnType<typeof metrics.map.get>, (Metrics & { at: number }) | undefined>>();
void metrics.set("a", { cpu: 1 }, { ttl: 5000 });
void metrics.merge("a", { mem: 2 });
void metrics.change({ set: new Map([["a", { cpu: 1 }]]), delete: ["b"], if: { absent: ["a"] } });
void votes.update("yes", (count = 0) => (count > 10 ? undefined : count + 1));
// @ts-expect-error -- a value of another form
void metrics.set("a", { cup: 1 });
// @ts-expect-error -- the map is told by the server
metrics.map.set("a", { cpu: 1, at: 2 });
metrics.subscribeKey("a", (value) => same<Equal<typeof value, (Metrics & { at: number }) | undefined>>());
metrics.subscribe(
  (map) => map.size,
  (size, before) => size - before,
);
metrics.on("changes", ({ changed, full }) => [changed.has("a"), full]);
// @ts-expect-error -- no such event
metrics.on("message", () => {});

export const nowOf = (error: unknown): unknown => (isConflict(error) ? error.now.get("a") : undefined);
