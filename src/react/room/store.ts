import type { Client, TidemarkError } from "../../client/index.js";
import { type AnyPlayOptions, type OpenGame, createGame } from "../../client/room/game.js";
import type { ShapeData } from "../../room/shape.js";
import { findStore } from "../find-store.js";
import { clientOf, createHeld } from "../held.js";
import { type View, createView } from "../view.js";
import type { PlayView } from "./types.js";

/** One room, for all components that play in it or watch it. */
export interface PlayStore {
  readonly view: View<PlayView>;
  readonly held: () => boolean;
}

const byClient = new WeakMap<Client, Map<string, PlayStore>>();

/** The store of a channel, the same for all components; the first one's shape and options count. */
export function playStore(
  client: Client | undefined,
  shape: ShapeData,
  name: string,
  options: AnyPlayOptions,
): PlayStore {
  let stores = client && byClient.get(client);
  if (client && stores === undefined) byClient.set(client, (stores = new Map()));
  return findStore(stores, name, () => createPlayStore(client, shape, name, options));
}

export function createPlayStore(
  client: Client | undefined,
  shape: ShapeData,
  name: string,
  options: AnyPlayOptions,
): PlayStore {
  let isShown = false;
  let error: TidemarkError | undefined;
  const held = createHeld<OpenGame>(open, forget, fail);
  const view = createView<PlayView>(() => ({ game: isShown ? held.peek() : undefined, error }), hold);

  /** One more component looks: where it was over, it is joined again. */
  function hold(): () => void {
    if (error !== undefined) {
      forget();
      held.again();
    }
    return held.hold();
  }

  function open(): OpenGame {
    const game = createGame(clientOf(client).host, shape, name, options);
    game.on("left", () => fail(game.ended, game));
    game.ready.then(
      () => {
        isShown = held.peek() === game;
        view.changed();
      },
      (reason: TidemarkError) => fail(reason, game),
    );
    return game;
  }

  /** @param of the game that failed, where there was one: an earlier one is nobody's concern any more */
  function fail(reason: TidemarkError | undefined, of?: OpenGame): void {
    if (of && of !== held.peek()) return;
    error = reason;
    view.changed();
  }

  function forget(): void {
    isShown = false;
    error = undefined;
    view.changed();
  }

  return { view, held: held.held };
}
