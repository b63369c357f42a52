/** What applications see of a room that they play in, or watch. */
import type { RowOf } from "../../room/columns.js";
import type { InputFor, JoinFor, Told } from "../../room/given.js";
import type { Parts } from "../../room/hooks.js";
import type { Shape } from "../../room/shape.js";
import type { TidemarkError } from "../errors.js";
import type { Gap } from "../sink.js";
import type { Off } from "../types.js";
import type { Drift } from "./drift.js";
import type { InterpolationOptions } from "./interpolate.js";
import type { Step } from "./predict.js";
import type { Rows } from "./scene.js";
import type { Spawns } from "./spawns.js";

/** What one joins with: it may be left out where the shape does not say what that is. */
type Joining<Join> = unknown extends Join ? { readonly join?: unknown } : { readonly join: Join };

/** How a room is looked at. */
interface LookOptions<P extends Parts> {
  /** What kind of room it is to be, where there is none of that name yet: texts of at most 64 bytes. */
  readonly match?: { readonly [Name in P["match"]]?: string };
  /** How rows are shown between ticks, by table. */
  readonly interpolate?: { readonly [N in keyof P["tables"]]?: InterpolationOptions };
  /** How many bytes a frame may take, 256 to 1 MiB: what is far and was told lately waits then. Default: no limit. */
  readonly budget?: number;
}

/** How one plays. */
export type PlayerOptions<P extends Parts> = LookOptions<P> &
  Joining<JoinFor<P>> & {
    readonly spectate?: false;
    /** For the tables in which the player's own row is predicted: what an input does to it. Its key is the seat's. */
    readonly predict?: { readonly [N in keyof P["tables"]]?: Step<RowOf<P["tables"][N]>, InputFor<P>> };
    /** The largest correction of an own row that is not a jump, by table, in the units of the row; see `PredictionOptions.snap`. */
    readonly snap?: { readonly [N in keyof P["tables"]]?: number };
    /** For the tables some of whose rows the player's inputs make: those rows, which `spawn` shows at once. */
    readonly spawns?: { readonly [N in keyof P["tables"]]?: Spawns<RowOf<P["tables"][N]>> };
    /**
     * Whose seat it is, where the server knows no user: 16 to 64 letters, digits, `-` and `_`, which nobody else can guess. Who has it
     * has the seat. Default: one for each tab of a browser, kept over reloads in `sessionStorage`; elsewhere one for each client. Over
     * HTTP all games of a client have the first one's.
     */
    readonly seatSecret?: string;
  };

/** How one watches. */
export type SpectatorOptions<P extends Parts> = LookOptions<P> & { readonly spectate: true };

/** How one plays, or watches. */
export type PlayOptions<P extends Parts> = PlayerOptions<P> | SpectatorOptions<P>;

/** Options that may be left out where nothing in them has to be said. */
export type MaybeOptions<Options> = object extends Options ? [options?: Options] : [options: Options];

/** The game is over for this handle. */
export interface Left {
  /**
   * `seat_taken` (another tab or device of the same player has the seat now), `seat_lost` (away for too long, left elsewhere, or
   * lost with data), `kicked`, `room_closed`, `wrong_shape`, `closed` (the client was); or why coming back was refused, such as
   * `room_full`, `forbidden`.
   */
  readonly code: TidemarkError["code"];
  /** For people. */
  readonly reason: string;
}

/** An input that does not count. */
export interface Refused {
  /** Which one. */
  readonly n: number;
  /** `invalid`, `rate_limited` (more than two a tick), or why else. */
  readonly code: TidemarkError["code"];
  /** For people. */
  readonly message: string;
  /** Milliseconds after which there is room again, where that is why. */
  readonly after?: number | undefined;
}

/** The game goes on, after a cut or under another owner. */
export interface Resumed {
  /** Whether something that was shown before has been lost, and is not so any more. */
  readonly lost: boolean;
  /** The tick at which it goes on. */
  readonly tick: number;
}

/** What a game tells besides the room's own events. */
export interface GameEvents {
  /** A frame has come, of this tick. In a room without ticks: something has changed. */
  readonly frame: number;
  /** Another owner runs the room from here on. What is shown stays until the next frame, which says everything. */
  readonly gap: Gap;
  /** The first frame after a `gap`, or after a second without any. */
  readonly resumed: Resumed;
  /** An input was refused: what was predicted of it is taken back. The server tells at most ten of them a second. */
  readonly refused: Refused;
  /** It is over: nothing more comes, and no input goes. It is told once, after the turn in which that is known. */
  readonly left: Left;
}

/** The link between a room and its player, as it was when it was asked for. */
export interface GameLink {
  /** The way there and back, in milliseconds: the least of late. 0 where nothing is known. */
  readonly rtt: number;
  /** How unevenly frames come, in milliseconds. */
  readonly jitter: number;
  /** How far behind the newest tick others are shown, in milliseconds. */
  readonly delay: number;
  /** How many bytes a second come for this room, about. */
  readonly bytes: number;
  /** How many of the player's inputs waited in the room after its newest tick. */
  readonly depth: number;
  /** How many inputs the room has not acknowledged, up to 32. */
  readonly pending: number;
  /** By how much the newest frame corrected own rows, in units of the row. */
  readonly correction: number;
  /** What the corrections come to; undefined where nothing is predicted. */
  readonly drift: Drift | undefined;
  /** How long ago the newest frame came, in milliseconds: where ticks are due, more than a second means that the room stands still. */
  readonly age: number;
}

/**
 * A room that one plays in, or watches. There is one for each channel and client.
 *
 * @example
 * const game = await play(rt, arena, "arena/42", { join: { name: "ann" }, predict: { players: move } });
 * game.on("kill", ({ by, whom }) => announce(by, whom));
 * game.pace(() => ({ dx: +keys.right - +keys.left, dy: 0 }));
 * requestAnimationFrame(function paint() {
 *   for (const [id, player] of game.frame().players) draw(player, id === game.seat);
 *   requestAnimationFrame(paint);
 * });
 */
export interface Game<P extends Parts = Parts> {
  /** The channel's name, such as `arena/42`. */
  readonly channel: string;
  /** The player's seat, which is the key of its own rows; undefined for one who watches. */
  readonly seat: string | undefined;
  /** Where the room is now, in ticks and parts of them; in a room without ticks, the newest. */
  readonly tick: number;
  readonly link: GameLink;
  /** Why it is over; undefined while it is not. */
  readonly ended: TidemarkError | undefined;
  /** Switched off, own rows are shown as the room tells them, as late as all others. */
  predicts: boolean;
  /** Switched off, rows are shown as the newest tick has them. */
  interpolates: boolean;
  /**
   * What to paint now, by table and key. The same object, maps and rows each time, which the next call writes anew: it makes no
   * garbage, and what is to be kept has to be copied. Rows that are not the player's own are a little in the past.
   */
  frame(): Rows<P["tables"]>;
  /** The player's own row of a table, as `frame` has shown it last; undefined where there is none. */
  me<N extends keyof P["tables"] & string>(table: N): RowOf<P["tables"][N]> | undefined;
  /**
   * Sends an input: what the player does in the next tick. Each call is one of a tick's length, is numbered, and is sent again until the
   * room has it, over reconnects and other owners too. It is copied; what it does to predicted rows is shown at once.
   *
   * @returns its number, from 1; undefined where nothing is sent: 32 are not acknowledged, the game is over, or one only watches
   * @throws {TidemarkError} `invalid` for what is no JSON, `too_large` beyond 16,384 bytes; what a step of `predict` throws
   */
  input(value: InputFor<P>): number | undefined;
  /**
   * The same, for inputs of which the player wants to know what came: such as in rooms without ticks. Resolves when the room has taken it, and
   * what came of it can be seen.
   *
   * Rejects with the server's code where it is refused, `outbox_full` where 32 are not acknowledged, `outcome_unknown` where
   * another page of the same player has gone on meanwhile, `forbidden` where one only watches, or why the game is over.
   *
   * @example await auction.send({ bid: 120 });
   */
  send(value: InputFor<P>): Promise<void>;
  /**
   * Sends inputs as they are due: one for each tick of the room, a little faster or slower so that about one waits there. `read` says
   * what the player does now; nothing is sent for undefined. In a room without ticks that is 20 times a second. The function it returns
   * stops that.
   */
  pace(read: () => InputFor<P> | undefined): Off;
  /** Shows a row that an input makes, before the room has it: see `Spawns`. Nothing where `play` was given no `spawns` for the table. */
  spawn<N extends keyof P["tables"] & string>(table: N, key: string, row: RowOf<P["tables"][N]>): void;
  /** Calls `listener` for everything of that name until the returned function is called. One that throws stops nothing. */
  on<Name extends keyof GameEvents>(name: Name, listener: (value: GameEvents[Name]) => void): Off;
  /** What the room sends, with its tick. What came before the first frame, or during a cut, is not told later. */
  on<Event extends keyof P["events"] & string>(event: Event, listener: (data: Told<P, Event>) => void): Off;
  /**
   * Gives the seat up. Resolves when that is in the room's log; rejects with `unavailable` where the room does not answer: then
   * the seat is kept for its grace, as it is over HTTP, where it resolves at once.
   */
  leave(): Promise<void>;
  /** Ends this handle, and gives the seat up, without waiting. To keep the seat for a while, close the client, or the page. */
  close(): void;
}

/** A game in a room of this shape, for functions of your own. @example function hud(game: GameOf<typeof arena>) {} */
export type GameOf<S> = S extends Shape<infer P> ? Game<P> : never;
