import { utf8Length } from "../../protocol/index.js";
import type { Parts } from "../../room/hooks.js";
import type { ShapeData } from "../../room/shape.js";
import { createEmitter } from "../emitter.js";
import { TidemarkError, handlerError } from "../errors.js";
import type { ClientHost } from "../host.js";
import { payloadOf } from "../payload.js";
import { createFeed } from "./feed.js";
import type { Pending } from "./inputs.js";
import { Meter } from "./meter.js";
import type { Fields } from "./moving.js";
import { startPacer } from "./pacer.js";
import type { Step } from "./predict.js";
import { seatSecret as ownSecret } from "./real-seat.js";
import { Scene, type SceneOptions } from "./scene.js";
import type { Game } from "./types.js";

/** Options whose types have been let go. */
export interface AnyPlayOptions extends Omit<
  SceneOptions<ShapeData["state"], unknown>,
  "shape" | "seat" | "lastInput" | "predict"
> {
  readonly predict?: Readonly<Record<string, Step<Fields, unknown> | undefined>>;
  readonly match?: Readonly<Record<string, string | undefined>>;
  readonly budget?: number;
  readonly join?: unknown;
  readonly spectate?: boolean;
  readonly seatSecret?: string;
}

/** A game that may not have begun. */
export interface OpenGame<P extends Parts = Parts> extends Game<P> {
  /** Resolves with the first frame; rejects with why there is none. */
  readonly ready: Promise<void>;
}

type AnyScene = Scene<ShapeData["state"], unknown>;

/** After so long without a tick it goes on when one comes, in milliseconds. */
const QUIET_MS = 1000;
/** What stands for the time from one tick to the next in a room without ticks, in milliseconds. */
const WITHOUT_TICKS_MS = 50;
/** What a room is matched by is no longer than this, in bytes: it would be refused with all that the client subscribes to. */
const MOST_MATCH = 64;
/** More than this an input is not, in bytes of JSON. */
const MOST_INPUT = 16_384;

/**
 * A game on a channel. What its types say is the shape's word, as everywhere on a client.
 *
 * @throws {TidemarkError} as `subscribe` of the host; `invalid` for what is no JSON
 */
export function createGame(
  host: ClientHost,
  shape: ShapeData,
  channel: string,
  options: AnyPlayOptions,
): OpenGame {
  const { clock } = host;
  const { join = null, match, budget, spectate, seatSecret, ...looks } = options;
  if (Object.values({ ...match }).some((text = "") => utf8Length(text) > MOST_MATCH))
    throw errorOf("invalid", `match takes texts of ${MOST_MATCH} bytes`);
  const wants = spectate ? {} : { join, secret: seatSecret ?? ownSecret(host) };
  const now = (): number => clock.monotonic();
  const report = (thrown: unknown): void => host.report(handlerError(thrown));
  const events = createEmitter<Record<string, unknown>>(report);
  const meter = new Meter();
  /** Who waits for what comes of inputs, by their numbers. */
  const waiting = new Map<number, (error?: TidemarkError) => void>();
  let scene: AnyScene = new Scene({ ...looks, shape });
  let seat: string | undefined;
  let ended: TidemarkError | undefined;
  /** Whether the server has said who plays; whether there is something to show. */
  let isOn = false;
  let isShown = false;
  /** What was lost on the way to the next frame, after a gap. */
  let lost: boolean | undefined;
  let depth = 0;
  let frameAt = now();
  let resolve: () => void;
  let reject: (error: TidemarkError) => void;
  const ready = new Promise<void>((resolveReady, rejectReady) => {
    resolve = resolveReady;
    reject = rejectReady;
  });
  // Whoever awaits it gets the error.
  ready.catch(() => {});

  const feed = createFeed(host, shape, channel, JSON.parse(jsonOf({ match, budget, ...wants })) as object, {
    on(id, last) {
      if (!isOn || id !== seat) {
        scene = new Scene({ ...looks, shape, seat: id, lastInput: last });
        settle(0, Infinity, overtaken);
      } else if (scene.inputs.goOn(last)) settle(0, Infinity, overtaken);
      seat = id;
      isOn = true;
      scene.inputs.pending.forEach(say);
    },
    frame(frame) {
      const { tick } = frame;
      const quiet = now() - frameAt;
      const resumed = isShown && (lost !== undefined || (shape.rate > 0 && quiet > QUIET_MS));
      const hasLost = lost === true;
      frameAt += quiet;
      depth = frame.depth;
      lost = undefined;
      isShown = true;
      scene.receive(frame, frameAt);
      const { pending, last } = scene.inputs;
      settle(0, (pending[0]?.number ?? last + 1) - 1);
      if (resumed) events.emit("resumed", { lost: hasLost, tick });
      resolve();
      events.emit("frame", tick);
    },
    event: events.emit,
    gap(gap) {
      scene.reset();
      lost = lost === true || gap.reason === "rollback";
      events.emit("gap", gap);
    },
    refused({ n, code, message, after }) {
      scene.refuse(n, now());
      settle(n, n, errorOf(code, message));
      events.emit("refused", { n, code, message, after });
    },
    came: (bytes) => meter.add(bytes, now()),
    over: (error) => finish(error, true),
  });

  function errorOf(code: TidemarkError["code"], message: string): TidemarkError {
    return new TidemarkError(code, message, { channel });
  }

  const overtaken = errorOf("outcome_unknown", "another page of this player has gone on");

  /** Inputs are done with, or do not count. */
  function settle(from: number, to: number, error?: TidemarkError): void {
    for (const [number, end] of waiting) {
      if (number < from || number > to) continue;
      waiting.delete(number);
      end(error);
    }
  }

  function finish(error: TidemarkError, isNews?: boolean): void {
    if (ended) return;
    ended = error;
    settle(0, Infinity, error);
    reject(error);
    // When whoever awaited the first frame has had their turn to listen.
    if (isNews && isShown)
      clock.setImmediate(() => events.emit("left", { code: error.code, reason: error.message }));
  }

  function say({ number, input: value, seen }: Pending<unknown>): void {
    feed.line((ch) => JSON.stringify([ch, number, value, ...(seen === undefined ? [] : [seen])]));
  }

  function input(value: unknown): number | undefined {
    const json = jsonOf(value);
    if (json.length > MOST_INPUT) throw errorOf("too_large", `an input takes ${MOST_INPUT} bytes`);
    if (seat === undefined || ended) return undefined;
    // As the room will have it, whatever becomes of the application's object.
    const added = scene.input(JSON.parse(json), now());
    if (added) say(added);
    return added?.number;
  }

  const tableOf = (table: string) => scene.tables.find(({ name }) => name === table);

  const game: OpenGame = {
    ready,
    channel,
    predicts: true,
    interpolates: true,
    get seat() {
      return seat;
    },
    get ended() {
      return ended;
    },
    get tick() {
      return scene.clock.interval > 0 ? scene.clock.tick(now()) : scene.clock.newest;
    },
    get link() {
      const { clock: ticks, inputs, tables } = scene;
      const predictions = tables.flatMap(({ prediction = [] }) => prediction);
      return {
        rtt: ticks.rtt,
        jitter: ticks.jitter,
        delay: ticks.delay,
        bytes: meter.rate(now()),
        depth,
        pending: inputs.pending.length,
        correction: Math.max(0, ...predictions.map(({ corrected }) => corrected)),
        drift: predictions[0]?.drift,
        age: now() - frameAt,
      };
    },
    frame() {
      scene.predicts = game.predicts;
      scene.interpolates = game.interpolates;
      return scene.rows(now());
    },
    me: (table) => tableOf(table)?.interpolation.rows.get(seat ?? ""),
    input,
    async send(value) {
      const number = input(value);
      if (number === undefined)
        throw ended ?? errorOf(seat === undefined ? "forbidden" : "outbox_full", "no input can be sent now");
      return new Promise((done, failed) => {
        waiting.set(number, (error) => (error ? failed(error) : done()));
      });
    },
    pace(read) {
      const interval = scene.clock.interval || WITHOUT_TICKS_MS;
      return startPacer({
        clock,
        step: () => interval / scene.pace.speed,
        make() {
          try {
            const value = read();
            if (value !== undefined) input(value);
          } catch (thrown) {
            report(thrown);
          }
          return !ended;
        },
      });
    },
    spawn: (table, key, row) => tableOf(table)?.spawns?.add(key, { ...row }, now()),
    on: (about: string, listener: (value: never) => void) =>
      events.on(about, listener as (value: unknown) => void),
    async leave() {
      if (!ended) {
        finish(errorOf("closed", "its seat was given up"));
        await feed.leave();
      }
    },
    close() {
      finish(errorOf("closed", "this game was closed"));
      feed.close();
    },
  };
  return game;
}

/** @throws {TidemarkError} `invalid` where there is no JSON of it */
function jsonOf(value: unknown): string {
  return payloadOf(value).body.slice('"data":'.length);
}
