import { stream, tidemark, transient } from "tidemark";
import { connect } from "tidemark/client";
import * as z from "zod";
import type { Chat, Show } from "./chat.js";

const makeApp = () =>
  tidemark({
    authenticate: ({ token }) => {
      if (token === undefined || token === "") throw new Error("a name is needed");
      return { id: token };
    },
  }).channels({
    "chat/:room": stream({
      message: z.object({ text: z.string().trim().min(1) }),
      retain: { count: 1000 },
      presence: true,
    }),
    "typing/:room": transient({ message: z.boolean() }),
  });
type App = ReturnType<typeof makeApp>;

export async function serve(port = 0): Promise<{ port: number; close: () => Promise<void> }> {
  const app = makeApp();
  return { port: (await app.listen({ port, host: "127.0.0.1" })).port, close: () => app.close() };
}

export function join(port: number, name: string, room: string, show: Show): Chat {
  const client = connect<App>(`ws://127.0.0.1:${port}/connect`, { token: name });
  const chat = client.stream("chat/:room", { room }, { last: 1000 });
  const typing = client.transient("typing/:room", { room });
  chat.on("message", ({ from, data }) => show.message(from ?? "", data.text));
  chat.on("members", (members) => show.members(members.map(({ id }) => id).toSorted()));
  typing.on("message", ({ from, data }) => show.typing(from ?? "", data));
  return {
    say: async (text) => void (await chat.publish({ text })),
    typing: (on) => void typing.publish(on),
    leave: () => client.close(),
  };
}
