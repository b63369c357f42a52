/** Players of the rooms of a scenario, in a process that owns none: what they are told, and when the rooms tick. */
import type { Broker } from "tidemark/broker";
import { realRandom } from "tidemark/protocol";
import { Flusher } from "../../../src/server/delivery/flusher.js";
import { silentLogger } from "../../../src/server/logger.js";
import { RoomMail } from "../../../src/server/kinds/room/owner/mail.js";
import { Rooms } from "../../../src/server/kinds/room/owner/rooms.js";
import type { PlayerEnd } from "../../../src/server/kinds/room/replica/joining.js";
import { RoomPlace } from "../../../src/server/kinds/room/replica/room-place.js";
import { RoomPlaces } from "../../../src/server/kinds/room/replica/room-places.js";
import { seatIdOf } from "../../../src/server/kinds/room/replica/seat-id.js";
import { decodeSignal } from "../../../src/server/kinds/room/tick-message.js";
import { serverClock } from "../../../src/server/real-clock.js";
import { until } from "../../lib/wait.js";
import { Shown } from "./games.js";

/** How long a room may take until somebody plays in it, in milliseconds. */
const PATIENCE_MS = 20_000;

/** What is heard of a room. */
export interface Heard {
  /** When it ticked, in milliseconds since 1970. */
  readonly ticks: number[];
  /** The reigns that told it. */
  readonly reigns: Set<string>;
  tick: number;
  ended: { readonly why: PlayerEnd; readonly reason: string | undefined; readonly at: number } | undefined;
}

export class Audience {
  readonly heard = new Map<string, Heard>();
  readonly #broker: Broker;
  readonly #mail: RoomMail;
  readonly #rooms: Rooms;
  readonly #places = new RoomPlaces();
  readonly #flusher = new Flusher(serverClock, () => {});
  readonly #stops: (() => void)[] = [];

  constructor(broker: Broker) {
    const onError = (): void => {};
    this.#broker = broker;
    this.#mail = new RoomMail({ broker, clock: serverClock, onError });
    this.#rooms = new Rooms({
      broker,
      clock: serverClock,
      random: realRandom,
      log: silentLogger,
      mail: this.#mail,
      define: () => undefined,
    });
    this.#mail.listen(this.#places.onItem);
    broker.report({ closing: 1 });
  }

  /** Somebody plays in a room. */
  async join(channel: string): Promise<void> {
    const heard: Heard = { ticks: [], reigns: new Set(), tick: 0, ended: undefined };
    this.heard.set(channel, heard);
    const place = new RoomPlace(
      { channel, ch: this.heard.size, def: Shown, match: new Map() },
      {
        broker: this.#broker,
        clock: serverClock,
        random: realRandom,
        mail: this.#mail,
        rooms: this.#rooms,
        onError: () => {},
        collect: (flush) => this.#flusher.collect(flush),
      },
    );
    this.#places.add(place);
    this.#stops.push(
      await this.#broker.follow(channel, {
        onEntries: () => {},
        onChanges: (hint) => place.onChanges(hint),
        onSignals: (signals) => {
          for (const { data } of signals) if (typeof data === "object") this.#hear(heard, data);
          place.onSignals(signals);
        },
        onPresence: () => {},
        onReset: () => place.check(),
      }),
      () => place.close(),
    );
    await place.open();
    let isIn = false;
    const joining = (): Promise<unknown> =>
      place.join({
        seat: seatIdOf(channel, { user: "ann" }),
        client: "ann",
        user: { id: "ann" },
        join: null,
        had: false,
        onEnd: (why, reason) => (heard.ended = { why, reason, at: Date.now() }),
      });
    const end = performance.now() + PATIENCE_MS;
    while (!isIn) {
      await joining().then(
        () => (isIn = true),
        (error: unknown) => {
          if (performance.now() > end) throw error;
        },
      );
    }
    await until(`${channel} to tick`, () => heard.ticks.length > 0, PATIENCE_MS);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#rooms.close();
    this.#mail.close();
    await this.#broker.close();
  }

  #hear(heard: Heard, data: Uint8Array): void {
    const signal = decodeSignal(data);
    if (signal.is !== "tick") return;
    heard.ticks.push(Date.now());
    heard.reigns.add(signal.reign);
    heard.tick = signal.tick;
  }
}
