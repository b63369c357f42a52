import { useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { AnyPlayOptions } from "../../client/room/game.js";
import type { Game, PlayOptions, Rows } from "../../client/room/index.js";
import type { MaybeOptions } from "../../client/room/types.js";
import { readChannelArguments } from "../../protocol/pattern.js";
import type { Parts } from "../../room/hooks.js";
import type { Shape, ShapeData } from "../../room/shape.js";
import { ClientContext } from "../provider.js";
import { frameLoop } from "./frame-loop.js";
import { playStore } from "./store.js";
import type { PlayView } from "./types.js";

/**
 * Plays in a room, or watches it, while the component is mounted: see `play`, whose options these are. Components that name the same
 * channel share one game, and the first one's options count; it is closed with the last of them. Nothing of a frame renders a component: see
 * {@link useFrame}. The client is that of the `TidemarkProvider` of `tidemark/react`.
 *
 * @example
 * const { game, error } = usePlay(arena, "arena/:id", { id }, { join: { name }, predict: { players: move } });
 * if (error) return <p>{error.message}</p>;
 */
export function usePlay<P extends Parts>(
  shape: Shape<P>,
  pattern: string,
  params: Readonly<Record<string, string>>,
  options: PlayOptions<P>,
): PlayView<P>;
/** The same by the channel's name, such as `"arena/42"`. */
export function usePlay<P extends Parts>(
  shape: Shape<P>,
  name: string,
  ...options: MaybeOptions<PlayOptions<P>>
): PlayView<P>;
export function usePlay(shape: ShapeData, first: string, second?: object, third?: AnyPlayOptions): PlayView {
  const client = useContext(ClientContext);
  const [name, options] = readChannelArguments<AnyPlayOptions>(first, second, third);
  // What of the options and the shape is another object at each rendering is the first one's.
  const { view } = useMemo(() => playStore(client, shape, name, options), [client, name]);
  return useSyncExternalStore(view.subscribe, view.snapshot, view.initial);
}

/**
 * Calls `look` with what there is to paint, before each frame of the page, and renders the component where what it returns is something
 * else than before: such as a number to be shown. Who only paints, on a canvas, returns nothing, and is never rendered.
 *
 * Rows are the same objects each time: return what they hold, not them.
 *
 * @returns what `look` returned last; undefined before that, and without a game
 * @example
 * useFrame(game, ({ players }) => paintAll(canvas.current, players));
 * const hp = useFrame(game, ({ players }) => players.get(game?.seat ?? "")?.hp);
 */
export function useFrame<P extends Parts, Value>(
  game: Game<P> | undefined,
  look: (rows: Rows<P["tables"]>) => Value,
): Value | undefined {
  const [value, setValue] = useState<Value>();
  // A function that is written in place is another one at each rendering, and means the same.
  const latest = useRef(look);
  useEffect(() => {
    latest.current = look;
  });
  useEffect(() => {
    if (game === undefined) return undefined;
    return frameLoop(game).add((rows) => {
      // The loop of a game is told the game's own rows.
      const seen = latest.current(rows);
      setValue(() => seen);
    });
  }, [game]);
  return game && value;
}
