import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import type { Chat, Show } from "./chat.js";

interface Message {
  readonly id: number;
  readonly from: string;
  readonly text: string;
}
interface FromClient {
  say: (text: string, key: string, done: (refused: string | null) => void) => void;
  typing: (on: boolean) => void;
}
interface FromServer {
  message: (message: Message) => void;
  members: (names: string[]) => void;
  typing: (name: string, on: boolean) => void;
}
interface Who {
  readonly name: string;
  readonly room: string;
  readonly since: number;
}

export async function serve(port = 0): Promise<{ port: number; close: () => Promise<void> }> {
  const http = createServer();
  const server = new Server<FromClient, FromServer, Record<never, never>, Who>(http);
  const history = new Map<string, Message[]>();
  const known = new Set<string>();
  let lastId = 0;

  const tellMembers = async (room: string): Promise<void> => {
    const sockets = await server.in(room).fetchSockets();
    server.to(room).emit("members", [...new Set(sockets.map(({ data }) => data.name))].toSorted());
  };

  server.use((socket, next) => {
    const { name, room, since } = socket.handshake.auth as Partial<Record<string, unknown>>;
    if (typeof name !== "string" || name === "") return next(new Error("a name is needed"));
    if (typeof room !== "string" || typeof since !== "number") return next(new Error("a room is needed"));
    socket.data = { name, room, since };
    return next();
  });

  server.on("connection", (socket) => {
    const { name, room, since } = socket.data;
    // What was missed first, so that nothing that comes meanwhile overtakes it.
    for (const message of history.get(room) ?? []) if (message.id > since) socket.emit("message", message);
    void socket.join(room);
    void tellMembers(room);
    socket.on("say", (text, key, done) => {
      if (typeof done !== "function") return;
      if (typeof text !== "string" || text.trim() === "") return done("a text is needed");
      // The client sends again what was not answered: the same key, the same message.
      if (!known.has(key)) {
        known.add(key);
        const message = { id: ++lastId, from: name, text: text.trim() };
        history.set(room, [...(history.get(room) ?? []), message].slice(-1000));
        server.to(room).emit("message", message);
      }
      done(null);
    });
    socket.on("typing", (on) => {
      socket.to(room).volatile.emit("typing", name, on);
    });
    socket.on("disconnect", () => void tellMembers(room));
  });

  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  return { port: (http.address() as AddressInfo).port, close: () => server.close() };
}

export function join(port: number, name: string, room: string, show: Show): Chat {
  let last = 0;
  const socket: Socket<FromServer, FromClient> = io(`http://127.0.0.1:${port}`, {
    // Asked at every connection, so that the server knows what this client has seen.
    auth: (send) => send({ name, room, since: last }),
    retries: 10,
    ackTimeout: 5000,
  });
  socket.on("message", (message) => {
    last = message.id;
    show.message(message.from, message.text);
  });
  socket.on("members", show.members);
  socket.on("typing", show.typing);
  return {
    say: async (text) => {
      const refused = await socket.emitWithAck("say", text, randomUUID());
      if (refused !== null) throw new Error(refused);
    },
    typing: (on) => void socket.volatile.emit("typing", on),
    leave: () => void socket.disconnect(),
  };
}
