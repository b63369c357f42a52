// @vitest-environment jsdom
/** What components see of a room: the game that they share, and what each frame of the page shows of it. */
import { type ReactElement, StrictMode, createElement } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { TidemarkProvider } from "tidemark/react";
import { useFrame, usePlay } from "tidemark/react/room";
import type { GameOf } from "tidemark/room/client";
import { expect, onTestFinished, test, vi } from "vitest";
import { move } from "../client/room/model-room.js";
import { arena, CHANNEL, OPTIONS, PlayServer, SEAT } from "../client/room/play-server.js";

type ArenaGame = GameOf<typeof arena>;
const RIGHT = { dx: 1, dy: 0, aim: 0 };

/** A page that paints when the test has it paint. */
function painting(): () => void {
  let frames = new Map<number, () => void>();
  let next = 1;
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => {
    frames.set(next, run);
    return next++;
  });
  vi.stubGlobal("cancelAnimationFrame", (frame: number) => void frames.delete(frame));
  onTestFinished(() => void vi.unstubAllGlobals());
  return () => {
    const due = frames;
    frames = new Map();
    flushSync(() => due.forEach((run) => run()));
  };
}

function pageOf(server: PlayServer) {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  onTestFinished(() => root.unmount());
  const { client } = server.world;
  return {
    async show(...children: readonly ReactElement[]): Promise<void> {
      flushSync(() => root.render(createElement(TidemarkProvider, { client }, ...children)));
      await server.world.settle();
    },
    text: (): string => document.body.textContent,
  };
}

/** Components that show where the player is, and write down how often they are rendered. */
function counted() {
  const seen = { games: new Set<ArenaGame>(), rendered: 0, painted: 0 };
  function Arena(): ReactElement {
    const { game, error } = usePlay(arena, CHANNEL, { ...OPTIONS, predict: { players: move } });
    const x = useFrame(game, ({ players }) => players.get(SEAT)?.x);
    useFrame(game, () => void seen.painted++);
    seen.rendered++;
    if (game) seen.games.add(game);
    return createElement("i", {}, `${error?.code ?? x};`);
  }
  return { Arena, seen };
}

async function playing(server = new PlayServer()) {
  const paint = painting();
  const page = pageOf(server);
  const { Arena, seen } = counted();
  await page.show(createElement(Arena));
  await server.open();
  await server.world.pass(500);
  return { server, paint, page, Arena, seen };
}

test("N95: nothing of a frame renders a component but what it returns of it", async () => {
  const { server, paint, page, seen } = await playing();
  expect(page.text()).toBe("undefined;");
  paint();
  expect(page.text()).toBe("1000;");
  const { rendered, painted } = seen;
  for (let i = 0; i < 10; i++) {
    await server.world.pass(16);
    paint();
  }
  expect(seen.painted).toBe(painted + 10);
  // React may look once more at what has not changed.
  expect(seen.rendered).toBeLessThanOrEqual(rendered + 1);
  const [game] = seen.games;
  game?.input(RIGHT);
  await server.world.pass(60);
  paint();
  expect(page.text()).toBe("1008;");
});

test("N95: components share one game, under StrictMode too, which is closed with the last of them", async () => {
  const server = new PlayServer();
  painting();
  const page = pageOf(server);
  const { Arena, seen } = counted();
  const two = [createElement(Arena, { key: 1 }), createElement(Arena, { key: 2 })];
  await page.show(createElement(StrictMode, {}, ...two));
  await server.open();
  await server.world.pass(500);
  expect([seen.games.size, server.wanted.length]).toEqual([1, 1]);
  await page.show(createElement(StrictMode, {}, two[0]));
  expect(server.commands).toEqual([]);
  await page.show();
  await server.world.pass(100);
  expect(server.commands).toMatchObject([{ unsubscribe: CHANNEL }]);
  const [game] = seen.games;
  expect(game?.ended?.code).toBe("closed");
});

test("N95: a room that cannot be had is an error, and the next component asks anew", async () => {
  const server = new PlayServer();
  server.refusal = { code: "room_full", retry: true };
  const { page, Arena, paint } = await playing(server);
  expect(page.text()).toBe("room_full;");
  server.refusal = undefined;
  await page.show(createElement(Arena, { key: 1 }), createElement(Arena, { key: 2 }));
  await server.world.pass(500);
  paint();
  expect(page.text()).toBe("1000;1000;");
  expect(server.wanted).toHaveLength(2);
});

test("N95: a game that is over still has what was shown last", async () => {
  const { server, page, paint, seen } = await playing();
  paint();
  server.say({ event: "unsubscribed", ch: server.ch, code: "kicked", message: "out" });
  await server.world.pass(100);
  expect(page.text()).toBe("kicked;");
  const [game] = seen.games;
  expect(game?.frame().players.size).toBe(1);
});

test("N95: a server renders nothing of it", () => {
  const { Arena } = counted();
  expect(renderToString(createElement(Arena))).toBe("<i>undefined;</i>");
});
