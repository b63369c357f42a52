/** The HTTP API for backends and the command line: who has the key may ask it. Not for pages. */
import { pageOfNames } from "../../inspection/count.js";
import type { Engine } from "../../engine.js";
import { detach } from "../../guard.js";
import { keyCheck, type KeyCheck } from "../../auth/api-key.js";
import type { AppRooms } from "../../room/app-rooms.js";
import { fail, refuse, write } from "./api-answers.js";
import { ROOM_PATH, ROOMS_PATH, answerDeed, answerRoom, answerRooms } from "./api-rooms.js";
import { STATE_PATH, answerChange, answerState } from "./api-state.js";
import type { HttpRequest, HttpResponse } from "./exchange.js";
import { refuseForFailure } from "./refusal.js";

/** Where the list of channels is. */
export const CHANNELS_PATH = "/api/channels";

type Method = "GET" | "HEAD" | "POST";
type Answer = (request: HttpRequest, response: HttpResponse) => Promise<void>;
type Route = Partial<Readonly<Record<Method, Answer>>>;

export class HttpApi {
  readonly #engine: Engine;
  readonly #rooms: AppRooms;
  readonly #isKey: KeyCheck | undefined;

  /** @throws {TypeError} when the key can be guessed */
  constructor(engine: Engine, rooms: AppRooms, key: string | undefined) {
    this.#engine = engine;
    this.#rooms = rooms;
    this.#isKey = key === undefined ? undefined : keyCheck(key);
  }

  /** Serves a request if its path is one of ours; says whether it was. Without a key none is. */
  handle(path: string, request: HttpRequest, response: HttpResponse): boolean {
    const route = this.#isKey === undefined ? undefined : this.#routeOf(path);
    if (route === undefined) return false;
    response.on("error", () => {});
    const { method = "" } = request;
    const answer = Object.hasOwn(route, method) ? route[method as Method] : undefined;
    if (answer === undefined) {
      const allow = Object.keys(route).join(", ");
      refuse(response, 405, "bad_request", `${path} takes ${allow}`, { allow });
    } else if (this.#isKey?.(bearerOf(request)) !== true) {
      refuse(response, 401, "unauthorized", "the API key is wanted, as Authorization: Bearer KEY", {
        "www-authenticate": "Bearer",
      });
    } else {
      const { node } = this.#engine;
      const answered = answer(request, response).catch((error: unknown) => fail(response, node, error));
      detach(answered, (error) => {
        node.log.error({ error }, "the server failed at one request, and ended it");
        refuseForFailure(response);
      });
    }
    return true;
  }

  #routeOf(path: string): Route | undefined {
    if (path === CHANNELS_PATH) {
      const list: Answer = (request, response) => this.#channels(request, response);
      return { GET: list, HEAD: list };
    }
    const { node } = this.#engine;
    const rooms = this.#rooms;
    if (path === ROOMS_PATH) {
      const list: Answer = (request, response) => answerRooms(rooms, request, response);
      return { GET: list, HEAD: list };
    }
    if (path.startsWith(ROOM_PATH)) {
      const look: Answer = (request, response) => answerRoom(node, rooms, path, request, response);
      return {
        GET: look,
        HEAD: look,
        POST: (request, response) => answerDeed(node, rooms, path, request, response),
      };
    }
    if (!path.startsWith(STATE_PATH)) return undefined;
    const read: Answer = (request, response) => answerState(node, path, request, response);
    return {
      GET: read,
      HEAD: read,
      POST: (request, response) => answerChange(node, path, request, response),
    };
  }

  async #channels(request: HttpRequest, response: HttpResponse): Promise<void> {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const page = await this.#engine.inspector.count(
      pageOfNames({
        prefix: searchParams.get("prefix") ?? undefined,
        after: searchParams.get("after") ?? undefined,
        limit: searchParams.has("limit") ? Number(searchParams.get("limit")) : undefined,
      }),
    );
    write(response, 200, page);
  }
}

function bearerOf({ headers }: HttpRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1];
}
