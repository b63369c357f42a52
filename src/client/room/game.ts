import { utf8Length } from "../../protocol/index.js";
import type { Parts } from "../../room/hooks.js";
import type { ShapeData } from "../../room/shape.js";
import { createEmitter } from "../emitter.js";
import { TidemarkError, handlerError } from "../errors.js";
import type { ClientHost } from "../host.js";
import { payloadOf } from "../payload.js";
import { Awaited } from "./awaited.js";
import { RoomFeed } from "./feed.js";
import type { Pending } from "./inputs.js";
import { Meter } from "./meter.js";
import type { Fields } from "./moving.js";
import { startPacer } from "./pacer.js";
import type { Step } from "./predict.js";
import { SECRET, seatSecret as ownSecret } from "./real-seat.js";
import { Scene, type SceneOptions } from "./scene.js";
import type { Game, GameLink } from "./types.js";

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

type AnyStep = Step<Fields, unknown>;
type AnyScene = Scene<ShapeData["state"], unknown>;

/** After so long without a tick it goes on when one comes, in milliseconds. */
const QUIET_MS = 1000;
/** More than this an input is not, in bytes of JSON. */
const MOST_INPUT = 16_384;
const LEAST_BUDGET = 256;
const MOST_BUDGET = 1024 * 1024;
/** Of what a room is matched by, in bytes. */
const MOST_TEXT = 64;

interface Said {
  readonly secret: string;
  readonly match: AnyPlayOptions["match"] | undefined;
  readonly budget: number | undefined;
}

/**
 * A game on a channel. What its types say is the shape's word, as everywhere on a client.
 *
 * @throws {TidemarkError} as `subscribe` of the host; `invalid` for what is no JSON
 */
export function createGame(
  host: ClientHost,
  shape: ShapeData,
  name: string,
  options: AnyPlayOptions,
): OpenGame {
  const { clock } = host;
  const { join = null, match, budget, spectate = false, seatSecret, predict = {}, ...looks } = options;
  const secret = seatSecret ?? ownSecret(host);
  check({ secret, match, budget });
  const wants = { match, budget, ...(!spectate && { join, secret }) };
  const now = (): number => clock.monotonic();
  const report = (thrown: unknown): void => host.report(handlerError(thrown));
  const events = createEmitter<Record<string, unknown>>(report);
  const awaited = new Awaited();
  const meter = new Meter();
  const steps = Object.entries(predict).map(([table, step]) => [table, step && guarded(step)]);
  const parts = { ...looks, predict: Object.fromEntries(steps) as typeof predict, shape };
  let scene: AnyScene = new Scene(parts);
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

  const feed = new RoomFeed(
    host,
    { shape, channel: name, wants: JSON.parse(jsonOf(wants)) as object },
    {
      on(id, last) {
        if (isOn && id === seat) {
          if (scene.inputs.goOn(last)) giveUp();
        } else begin(id, last);
        for (const pending of scene.inputs.pending) say(pending);
      },
      frame(frame) {
        const { tick } = frame;
        const quiet = now() - frameAt;
        frameAt = now();
        depth = frame.depth;
        scene.receive(frame, frameAt);
        const { pending, last } = scene.inputs;
        awaited.done((pending[0]?.number ?? last + 1) - 1);
        const goesOn = lost !== undefined || (shape.rate > 0 && quiet > QUIET_MS);
        if (isShown && goesOn) events.emit("resumed", { lost: lost ?? false, tick });
        lost = undefined;
        isShown = true;
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
        awaited.refuse(new TidemarkError(code, message, { channel: name }), n);
        events.emit("refused", { n, code, message, after });
      },
      over: (error) => finish(error, true),
    },
    (bytes) => meter.add(bytes, now()),
  );

  /** A step that throws is a fault of the application, and of nothing else. */
  function guarded(step: AnyStep): AnyStep {
    return (...given) => {
      try {
        step(...given);
      } catch (thrown) {
        report(thrown);
      }
    };
  }

  function begin(id: string | undefined, last: number): void {
    giveUp();
    seat = id;
    isOn = true;
    const { predicts, interpolates } = scene;
    scene = new Scene({ ...parts, seat, lastInput: last });
    Object.assign(scene, { predicts, interpolates });
  }

  /** Numbers of inputs were used for something else. */
  function giveUp(): void {
    const message = "another page of the same player has gone on meanwhile";
    awaited.refuse(new TidemarkError("outcome_unknown", message, { channel: name }));
  }

  function finish(error: TidemarkError, isNews: boolean): void {
    if (ended) return;
    ended = error;
    awaited.refuse(error);
    reject(error);
    // When whoever awaited the first frame has had their turn to listen.
    if (isNews && isShown)
      clock.setImmediate(() => events.emit("left", { code: error.code, reason: error.message }));
  }

  function say({ number, input, seen }: Pending<unknown>): void {
    feed.line((ch) => JSON.stringify([ch, number, input, ...(seen === undefined ? [] : [seen])]));
  }

  function input(value: unknown): number | undefined {
    const json = jsonOf(value);
    if (json.length > MOST_INPUT)
      throw new TidemarkError("too_large", `an input of ${json.length} bytes is over ${MOST_INPUT}`);
    if (seat === undefined || ended) return undefined;
    // As the room will have it, whatever becomes of the application's object.
    const added = scene.input(JSON.parse(json), now());
    if (added) say(added);
    return added?.number;
  }

  function tableOf(table: string): AnyScene["tables"][number] | undefined {
    return scene.tables.find((each) => each.name === table);
  }

  const link: GameLink = {
    get rtt() {
      return scene.clock.rtt;
    },
    get jitter() {
      return scene.clock.jitter;
    },
    get delay() {
      return scene.clock.delay;
    },
    get bytes() {
      return meter.rate(now());
    },
    get depth() {
      return depth;
    },
    get pending() {
      return scene.inputs.pending.length;
    },
    get correction() {
      return Math.max(0, ...scene.tables.map(({ prediction }) => prediction?.corrected ?? 0));
    },
    get drift() {
      return scene.tables.find(({ prediction }) => prediction)?.prediction?.drift;
    },
    get age() {
      return now() - frameAt;
    },
  };

  return {
    ready,
    channel: feed.channel,
    link,
    get seat() {
      return seat;
    },
    get tick() {
      const { clock: ticks } = scene;
      return ticks.interval > 0 ? ticks.tick(now()) : ticks.newest;
    },
    get ended() {
      return ended;
    },
    get predicts() {
      return scene.predicts;
    },
    set predicts(yes) {
      scene.predicts = yes;
    },
    get interpolates() {
      return scene.interpolates;
    },
    set interpolates(yes) {
      scene.interpolates = yes;
    },
    frame: () => scene.rows(now()),
    me: (table) => (seat === undefined ? undefined : tableOf(table)?.interpolation.rows.get(seat)),
    input,
    async send(value) {
      const number = input(value);
      if (number !== undefined) return awaited.of(number);
      if (ended) throw ended;
      throw seat === undefined
        ? new TidemarkError("forbidden", "one who only watches sends no inputs", { channel: name })
        : new TidemarkError("outbox_full", "32 inputs are not acknowledged", { retry: true, channel: name });
    },
    pace(read) {
      const { interval } = scene.clock;
      if (interval === 0)
        throw new TidemarkError("invalid", "a room without ticks has no pace: use input or send");
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
    spawn(table, key, row) {
      const spawns = tableOf(table)?.spawns;
      if (!spawns) throw new TidemarkError("invalid", `give play spawns for ${table} first`);
      spawns.add(key, { ...row } as Fields, now());
    },
    on: (about: string, listener: (value: never) => void) =>
      events.on(about, listener as (value: unknown) => void),
    async leave() {
      if (ended) return;
      finish(new TidemarkError("closed", "its seat was given up", { channel: name }), false);
      await feed.leave();
    },
    close() {
      finish(new TidemarkError("closed", "this game was closed", { channel: name }), false);
      feed.close();
    },
  };
}

/**
 * What no server takes would be refused with all that the client subscribes to.
 *
 * @throws {TidemarkError} `invalid`
 */
function check({ secret, match = {}, budget = LEAST_BUDGET }: Said): void {
  const texts = Object.entries(match).flat();
  const fits =
    SECRET.test(secret) &&
    budget >= LEAST_BUDGET &&
    budget <= MOST_BUDGET &&
    Number.isInteger(budget) &&
    texts.every((text) => utf8Length(text ?? "") <= MOST_TEXT);
  if (!fits)
    throw new TidemarkError(
      "invalid",
      `seatSecret takes 16 to 64 letters, digits, - and _; budget ${LEAST_BUDGET} to ${MOST_BUDGET} bytes; match texts of at most ${MOST_TEXT}`,
    );
}

/** @throws {TidemarkError} `invalid` where there is no JSON of it */
function jsonOf(value: unknown): string {
  return payloadOf(value).body.slice('"data":'.length);
}
