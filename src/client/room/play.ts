import type { Params, TypedApp } from "../../protocol/index.js";
import { readChannelArguments } from "../../protocol/pattern.js";
import type { Parts } from "../../room/hooks.js";
import type { Shape, ShapeData } from "../../room/shape.js";
import type { ChannelsOf, CheckName, PatternOf } from "../typed.js";
import type { Client } from "../types.js";
import { createGame, type AnyPlayOptions } from "./game.js";
import type { Game, MaybeOptions, PlayOptions } from "./types.js";

/**
 * Plays in a room, or watches it. Resolves with the first frame; rejects with the server's code where the room cannot be had: `room_full`,
 * `room_closed`, `forbidden`, `invalid` (what it joins with does not fit its schema), `limit_reached`, with `wrong_shape` where
 * server and client do not have the same shape, `seat_taken` and the like where it is over before it has begun, `wrong_kind` where the
 * client has a game on this channel already, `closed`. Everything else it waits for, being offline too.
 *
 * A seat outlives its connections: after a cut the game goes on by itself, in the same seat, as after a reload of the page.
 *
 * @throws {TidemarkError} as a rejection: see above
 * @example
 * const game = await play(rt, arena, "arena/:id", { id: "42" }, { join: { name: "ann" }, predict: { players: move } });
 * game.pace(() => ({ dx: +keys.right - +keys.left, dy: 0 }));
 * requestAnimationFrame(function paint() {
 *   for (const [id, player] of game.frame().players) draw(player, id === game.seat);
 *   requestAnimationFrame(paint);
 * });
 */
export function play<
  App extends TypedApp,
  P extends Parts,
  Pattern extends PatternOf<ChannelsOf<App>, "room">,
>(
  client: Client<App>,
  shape: Shape<P>,
  pattern: Pattern,
  params: Params<Pattern>,
  options: PlayOptions<P>,
): Promise<Game<P>>;
/** The same by the channel's name, such as `"arena/42"`. */
export function play<App extends TypedApp, P extends Parts, Name extends string>(
  client: Client<App>,
  shape: Shape<P>,
  name: CheckName<ChannelsOf<App>, "room", Name>,
  ...options: MaybeOptions<PlayOptions<P>>
): Promise<Game<P>>;
export async function play(
  { host }: Pick<Client, "host">,
  shape: ShapeData,
  first: string,
  second?: object,
  third?: AnyPlayOptions,
): Promise<Game> {
  host.check();
  const [name, options] = readChannelArguments<AnyPlayOptions>(first, second, third);
  const game = createGame(host, shape, name, options);
  await game.ready;
  return game;
}
