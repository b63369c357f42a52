/** What compiles against typed hooks, and what does not. Compiled only; nothing here runs. */
import { connect, type Client, type Message } from "tidemark/client";
import { createHooks, TidemarkProvider as UntypedProvider, useStream as useAnyStream } from "tidemark/react";
import type { ReactElement } from "react";
import type { App } from "./app.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const { TidemarkProvider, useClient, usePresence, useStream, useTransient } = createHooks<App>();

export function Typed({ id }: { readonly id: string }): ReactElement {
  const { messages, pending, publish } = useStream("chat/:id", { id }, { last: 50 });
  same<Equal<typeof messages, readonly Message<{ text: string }>[]>>();
  same<Equal<NonNullable<(typeof pending)[0]>["data"], { text: string }>>();
  void publish({ text: "hi" });
  // @ts-expect-error -- a payload of another form
  void publish({ txt: "hi" });
  // @ts-expect-error -- the parameter has another name
  useStream("chat/:id", { room: id });
  // @ts-expect-error -- no such pattern
  useStream("chatt/:id", { id });
  // @ts-expect-error -- a transient channel is no stream
  useStream("typing/:id", { id });
  useStream("chat/general", { last: 1 });
  // @ts-expect-error -- no channel pattern matches
  useStream("chatt/general");
  const { latest } = useTransient("typing/:id", { id }, { expireAfter: 5000 });
  same<Equal<typeof latest, readonly Message<{ on: boolean }>[]>>();
  usePresence("chat/:id", { id });
  usePresence("typing/:id", { id }, { kind: "transient" });
  // @ts-expect-error -- the kind of a transient channel has to be said
  usePresence("typing/:id", { id });
  same<Equal<ReturnType<typeof useClient>, Client<App> | undefined>>();
  return <p>{messages.length}</p>;
}

export function Untyped(): ReactElement {
  const { messages, publish } = useAnyStream("whatever/:you", { you: "like" }, { last: 5 });
  same<Equal<typeof messages, readonly Message[]>>();
  void publish({ anything: true });
  return <p>{messages.length}</p>;
}

const client = connect<App>("/connect");
export const providers = [
  <TidemarkProvider client={client}>
    <Typed id="a" />
  </TidemarkProvider>,
  <TidemarkProvider client={() => connect<App>("/connect")} />,
  <UntypedProvider client={client} />,
];
