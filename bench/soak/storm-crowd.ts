/** Real clients, many in one process, and when each of them was back. */
import { connect } from "tidemark/client";
import { io } from "socket.io-client";
import { expose } from "../lib/remote.js";

export type Kind = "Tidemark" | "Socket.IO";

/** How many begin to connect at once, so that the first crowd is no storm. */
const AT_ONCE = 50;

let back: number[] = [];
const ends: (() => void)[] = [];

function tidemarkClient(port: number, onBack: () => void): Promise<void> {
  const client = connect(`ws://127.0.0.1:${port}/connect`);
  ends.push(() => client.close());
  const chat = client.stream("bench/storm");
  return new Promise((resolve) =>
    chat.on("subscribed", () => {
      resolve();
      onBack();
    }),
  );
}

function socketIoClient(port: number, onBack: () => void): Promise<void> {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
  ends.push(() => socket.close());
  return new Promise((resolve) =>
    socket.on("connect", () => {
      const joined = (): void => {
        resolve();
        onBack();
      };
      if (socket.recovered) joined();
      else socket.emit("sub", ["bench/storm"], joined);
    }),
  );
}

const functions = {
  /** Resolves when all are there. */
  gather: async ({
    kind,
    port,
    count,
  }: {
    readonly kind: Kind;
    readonly port: number;
    readonly count: number;
  }) => {
    const one = kind === "Tidemark" ? tidemarkClient : socketIoClient;
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await one(port, () => back.push(Date.now()));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  },
  forget: () => {
    back = [];
  },
  /** When each came back since then, in milliseconds since 1970. */
  back: () => back,
  leave: () => {
    for (const end of ends.splice(0)) end();
  },
};
export type StormCrowd = typeof functions;

expose(functions);
