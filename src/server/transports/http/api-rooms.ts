/** `GET /api/rooms`, `GET` and `POST /api/rooms/<channel>`: which rooms there are, how one is, and what is done with it. */
import { TidemarkError } from "../../errors.js";
import type { ServerNode } from "../../connection/node.js";
import { pageOfNames } from "../../inspection/count.js";
import type { AppRooms } from "../../room/app-rooms.js";
import { mustBeRoom } from "../../room/must-be-room.js";
import { doWith, readDeed } from "../../room/room-deed.js";
import { write } from "./api-answers.js";
import { mustBeFresh, readJson } from "./api-body.js";
import { channelIn } from "./api-channel.js";
import type { HttpRequest, HttpResponse } from "./exchange.js";
import { streamRoom } from "./room-stream.js";

/** Where the list of rooms is; and what the names of channels stand behind. */
export const ROOMS_PATH = "/api/rooms";
export const ROOM_PATH = `${ROOMS_PATH}/`;

/** What a body looks like, for who sends another one. */
const EXAMPLE = '{"do":"kick","seat":"…"}';

/** Answers a page of the rooms that servers run now. */
export async function answerRooms(
  rooms: AppRooms,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  const page = pageOfNames({
    prefix: searchParams.get("prefix") ?? undefined,
    after: searchParams.get("after") ?? undefined,
    limit: searchParams.has("limit") ? Number(searchParams.get("limit")) : undefined,
  });
  write(response, 200, await rooms.count(page));
}

/** Answers how a room is, or streams what happens there; rejects with why not, where nothing has been answered. */
export async function answerRoom(
  node: ServerNode,
  rooms: AppRooms,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  const resolved = channelIn(node, path, ROOM_PATH);
  const { searchParams } = new URL(request.url ?? "", "http://localhost");
  const watch = searchParams.get("watch");
  if (watch === null) return write(response, 200, await rooms.info(resolved));
  mustBeRoom(resolved);
  const rate = watch === "" ? Infinity : Number(watch);
  if (!(rate > 0))
    throw new TidemarkError("bad_request", "watch takes a number of times a second above 0, or nothing");
  if (request.method === "HEAD") write(response, 200, {});
  else await streamRoom(node, resolved, rate, response);
}

/** Does something with a room and answers when it is done; rejects with why not. */
export async function answerDeed(
  node: ServerNode,
  rooms: AppRooms,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
): Promise<void> {
  mustBeFresh(node);
  const resolved = channelIn(node, path, ROOM_PATH);
  mustBeRoom(resolved);
  const body = await readJson(node, request, response, EXAMPLE);
  if (body === undefined) return;
  await doWith(rooms, resolved, readDeed(body.json));
  write(response, 200, {});
}
