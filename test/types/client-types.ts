/** What compiles against a typed client, and what does not. Compiled only; nothing here runs. */
import { type Client, type Message, type Stream, connect } from "tidemark/client";
import type { TypedApp } from "tidemark/protocol";
import type { ChannelsOf, CheckName } from "../../src/client/typed.js";

interface ChatApp {
  readonly "~types"?: {
    readonly channels: {
      readonly "chat/:id": { kind: "stream"; input: { text: string }; output: { text: string; at: number } };
      readonly "chat/:id/pinned": { kind: "stream"; input: string; output: string };
      readonly "typing/:id": { kind: "transient"; input: { on: boolean }; output: { on: boolean } };
      readonly news: { kind: "stream"; input: never; output: { title: string } };
      readonly "chat/lobby": { kind: "stream"; input: { lobby: true }; output: { lobby: true } };
    };
    readonly methods: {
      readonly sum: { input: number[]; output: number };
      readonly now: { input: undefined; output: string };
    };
  };
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_Yes extends true>(): void => {};

const rt = connect<ChatApp>("wss://example.com/connect", { token: () => Promise.resolve("t") });
declare const chatApp: ChatApp;
export const asTypedApp: TypedApp = chatApp;

// By pattern and parameters.
const chat = rt.stream("chat/:id", { id: "general" }, { last: 50 });
same<Equal<typeof chat, Stream<{ text: string; at: number }, { text: string }>>>();
chat.on("message", (message) => same<Equal<typeof message, Message<{ text: string; at: number }>>>());
chat.on("gap", ({ after, until, reason }) => [after + until, reason === "trimmed"]);
void chat.publish({ text: "hi" });
// @ts-expect-error -- a payload of another form
void chat.publish({ txt: "hi" });
// @ts-expect-error -- the parameter has another name
rt.stream("chat/:id", { room: "general" });
// @ts-expect-error -- the parameter is missing
rt.stream("chat/:id", {});
// @ts-expect-error -- the parameters are missing
rt.stream("chat/:id");
// @ts-expect-error -- no such pattern
rt.stream("chatt/:id", { id: "general" });
// @ts-expect-error -- no such option
rt.stream("chat/:id", { id: "general" }, { lats: 50 });

// By name.
const general = rt.stream("chat/general", { since: 0 });
same<Equal<typeof general, typeof chat>>();
const pinned = rt.stream("chat/general/pinned");
same<Equal<typeof pinned, Stream<string, string>>>();
const news = rt.stream("news", { last: 1 });
same<Equal<typeof news, Stream<{ title: string }, never>>>();
// A literal name beats a parameter.
const lobby = rt.stream("chat/lobby");
same<Equal<typeof lobby, Stream<{ lobby: true }, { lobby: true }>>>();
// @ts-expect-error -- no channel pattern matches "chatt/general"
rt.stream("chatt/general");
// @ts-expect-error -- a parameter is one segment
rt.stream("chat/a/b");
// @ts-expect-error -- a parameter is never empty
rt.stream("chat/");
const someName: string = "chat/general";
// @ts-expect-error -- a name known only at run time cannot be checked
rt.stream(someName);

// The kind is part of the call.
const typing = rt.transient("typing/:id", { id: "general" });
void typing.publish({ on: true });
typing.on("message", ({ data }) => same<Equal<typeof data, { on: boolean }>>());
// @ts-expect-error -- a transient channel is no stream
rt.stream("typing/:id", { id: "general" });
// @ts-expect-error -- "typing/general" is not a stream channel
rt.stream("typing/general");
// @ts-expect-error -- a stream is no transient channel
rt.transient("chat/general");
// @ts-expect-error -- a transient channel has no history
void typing.history();
// @ts-expect-error -- a transient channel has no gaps
typing.on("gap", () => {});

// Methods.
const sum = rt.call("sum", [1, 2]);
same<Equal<typeof sum, Promise<number>>>();
const now = rt.call("now");
same<Equal<typeof now, Promise<string>>>();
// @ts-expect-error -- no such method
void rt.call("product", [1, 2]);
// @ts-expect-error -- the argument is missing
void rt.call("sum");
// @ts-expect-error -- an argument of another type
void rt.call("sum", "1, 2");

// Iterating.
export async function read(): Promise<string | undefined> {
  for await (const message of chat) return message.data.text;
  return undefined;
}

// Without an app: any name, data unknown.
const open = connect("/connect");
same<Equal<typeof open, Client>>();
const any = open.stream("whatever/you/like", { last: 5 });
same<Equal<typeof any, Stream<unknown, unknown>>>();
void any.publish({ text: "hi" });
open.stream(someName);
open.stream("chat/:id", { id: "general" });
open.transient("x").on("message", ({ data }) => same<Equal<typeof data, unknown>>());
void open.call("anything", 1);
void open.call("anything");
// @ts-expect-error -- what comes from an unknown app has to be looked at
any.on("message", (message) => message.data.text);

// The messages that a wrong name is answered with.
type Said<Name extends string> = CheckName<ChannelsOf<ChatApp>, "stream", Name>;
same<Equal<Said<"chatt/general">, 'no channel pattern matches "chatt/general"'>>();
same<Equal<Said<"typing/general">, '"typing/general" is not a stream channel'>>();
same<Equal<Said<"chat/:id">, 'the pattern "chat/:id" needs its parameters'>>();
