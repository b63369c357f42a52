import type { Answer, AnswerCode, Ask, Batch, Request } from "../messages.js";
import type { OwnerReport } from "../owner-report.js";
import type { Answered, Left } from "../run/arrivals.js";
import type { Entering, SeatAnswer } from "../run/entering.js";
import type { Run } from "../run/run.js";
import { Answers } from "./answers.js";
import { Holders, type Holder } from "./holders.js";
import { Inbox } from "./inbox.js";
import { Kicks, type Gone } from "./kicks.js";
import type { RoomMail } from "./mail.js";

/** What somebody asked for, and has to be answered when it has become of it what it may. */
export interface Asked {
  readonly node: string;
  readonly request: Request;
}

/** What goes into a tick, and whom that is for. */
export interface Entrance {
  readonly entered: readonly Entering[];
  /** Joins and reservations, in their order: `undefined` for those that nobody asked for. */
  readonly seats: readonly (Asked | undefined)[];
  /** What else was asked. */
  readonly others: readonly Asked[];
}

/** An answer that waits until what it says is in the log. */
export interface Reply {
  readonly node: string;
  readonly answer: Answer;
}

export interface DeskDeps {
  readonly channel: string;
  readonly mail: Pick<RoomMail, "post">;
  /** A whole room as of the newest tick that was told. */
  readonly onKeyframe: (asked: Asked) => void;
  /** The room is to be saved, or vouched for, and that is to be answered. */
  readonly onCheckpoint: (asked: Asked) => void;
  readonly onVouch: (asked: Asked) => void;
  /** What there is to say of the room; undefined while it stands still. */
  readonly report: () => OwnerReport | undefined;
  /** Something has come that a tick has to see. */
  readonly onEntering: () => void;
  /** A node with players stood still in the room's code, and has ended. */
  readonly onStuck: (why: string) => void;
}

/** What is done once. */
type Entered = Exclude<Ask, { is: "keyframe" | "checkpoint" | "vouch" | "info" }>;

/** What of a room has to be known to take something in. */
export type Seen = Pick<Run, "seats" | "closed">;

/**
 * Where a room's owner takes in what nodes send: inputs and requests. They wait there for the next tick. It belongs to the
 * room's life on this node, and
 * outlives a reign that had to be taken anew.
 */
export class Desk {
  readonly #deps: DeskDeps;
  readonly #answers = new Answers();
  readonly #holders = new Holders();
  readonly #inbox = new Inbox();
  readonly #kicks = new Kicks();
  #seats: (Asked | undefined)[] = [];
  #others: Asked[] = [];
  readonly #late = new Set<Reply>();
  /** Those who are new and wait for those who may have lost a seat; undefined: nobody has to. */
  #held: Asked[] | undefined;
  /** Whether nodes have had the time to say who is here. */
  #hasWaited = false;
  /** Connections that give up seats of which nobody has said yet who has them. */
  #early: Asked[] = [];

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  get isEmpty(): boolean {
    return this.#inbox.isEmpty && this.#early.length === 0 && (this.#held ?? []).length === 0;
  }

  /** From now on, seats are given only to those who say that they had them, and to those however many there are. */
  rest(): void {
    this.#held ??= [];
  }

  /** The others' turn has come. */
  endRest(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const asked of held) this.#join(asked, false);
    if (held.length > 0) this.#deps.onEntering();
  }

  /** What the log says of those who came and went. */
  enter(entering: readonly Entering[]): void {
    for (const one of entering) {
      this.#inbox.put(one);
      if (one.is === "join") this.#seats.push(undefined);
    }
  }

  /** @param reign the one that is now */
  takeIn({ inputs, seen, requests }: Batch, from: string, reign: string, room: Seen): void {
    const { seats } = room;
    for (const item of inputs) this.#inbox.putInput(item, seats.get(item[0]));
    for (const [seat, tick] of seen) if (seats.has(seat)) this.#inbox.putSeen(seat, tick);
    for (const request of requests) this.#ask({ node: from, request }, reign, room);
    if (!this.#inbox.isEmpty) this.#deps.onEntering();
  }

  /** All that waits. */
  take(): Entrance {
    const entrance = { entered: this.#inbox.take(), seats: this.#seats, others: this.#others };
    this.#seats = [];
    this.#others = [];
    return entrance;
  }

  /** Nodes have had the time to say who is here: seats that have a connection, as far as the room knows, and none of which anybody has told. */
  awayUnlessTold({ seats }: Seen): void {
    this.#hasWaited = true;
    const early = this.#early;
    this.#early = [];
    for (const asked of early) this.#leave(asked);
    for (const [seat, { shown }] of seats)
      if (shown.here && this.#holders.get(seat) === undefined) this.#inbox.put({ is: "away", seat });
    if (!this.#inbox.isEmpty) this.#deps.onEntering();
  }

  /** These nodes are gone, and with them the connections of their players. */
  nodesGone(nodes: ReadonlySet<string>): void {
    for (const seat of this.#holders.dropOf(nodes)) this.#inbox.put({ is: "away", seat });
    if (!this.#inbox.isEmpty) this.#deps.onEntering();
  }

  /** A seat was given free; and may be taken again. */
  left(seat: string, { seats }: Seen): void {
    this.#inbox.forget(seat);
    if (!seats.has(seat)) this.#holders.drop(seat);
  }

  /** Seats that are free since this turn, with what their players are told who were sent away. */
  explained(left: readonly Left[]): readonly Gone[] {
    return this.#kicks.explain(left);
  }

  /** What has become of joins and reservations. */
  repliesTo(asked: readonly (Asked | undefined)[], answers: readonly Answered[], room: Seen): Reply[] {
    return asked.flatMap((one, at) => {
      const answered = answers[at];
      if (one === undefined || answered === undefined) return [];
      const code = codeOf(answered.answer);
      if (!room.seats.has(answered.seat)) this.#holders.drop(answered.seat);
      const reason = code === "room_closed" ? room.closed : messageOf(answered.error);
      const inputs = room.seats.get(answered.seat)?.inputs;
      return [this.reply(one, code, { reason, last: inputs?.last, newest: inputs?.newest })];
    });
  }

  /**
   * What has become of something else, once the tick that it entered with is over.
   *
   * @param left seats that are free since that tick
   */
  replyTo(asked: Asked, { seats, closed }: Seen, left: readonly Left[]): Reply {
    const { ask } = asked.request;
    const noSeat = (): Reply => this.reply(asked, "refused", { reason: "no such seat is taken" });
    if (ask.is === "kick" && !left.some(({ seat }) => seat === ask.seat)) return noSeat();
    if (ask.is === "send" && ask.to !== undefined && !seats.has(ask.to)) return noSeat();
    if (ask.is !== "here") return this.reply(asked, "ok", { reason: closed });
    const state = seats.get(ask.seat);
    if (state !== undefined) return this.reply(asked, "ok", { last: state.inputs.last });
    this.#holders.drop(ask.seat);
    return noSeat();
  }

  reply(
    { node, request }: Asked,
    code: AnswerCode,
    { last, newest, reason, info }: Partial<Pick<Answer, "last" | "newest" | "reason" | "info">> = {},
  ): Reply {
    const { channel } = this.#deps;
    return { node, answer: { is: "answer", channel, id: request.id, code, last, newest, reason, info } };
  }

  /** Answers something that enters no tick. */
  answer(asked: Asked, code: AnswerCode, said: Partial<Pick<Answer, "reason" | "info">>): void {
    const { node, answer } = this.reply(asked, code, said);
    this.#deps.mail.post(node, answer);
  }

  /** Answers that are to be sent once something is in the log; if that is never known, see {@link sendLate} and {@link refuse}. */
  keep(replies: readonly Reply[]): void {
    for (const reply of replies) this.#late.add(reply);
  }

  send(replies: readonly Reply[]): void {
    for (const reply of replies) {
      this.#late.delete(reply);
      this.#answers.end(reply.answer);
      this.#deps.mail.post(reply.node, reply.answer);
    }
  }

  /** All that has happened is in the log by now. */
  sendLate(): void {
    this.send([...this.#late]);
  }

  /** Nothing of what waits will happen here, and of what has happened nobody knows. */
  refuse(code: "room_moved" | "room_closed", reason?: string): void {
    const { seats, others } = this.take();
    const all = [...seats, ...others, ...(this.#held ?? []), ...this.#early].filter(
      (asked) => asked !== undefined,
    );
    this.#held = undefined;
    this.#early = [];
    this.send(all.map((asked) => this.reply(asked, code, { reason })));
    this.send(
      [...this.#late].map(({ node, answer }) => ({ node, answer: { ...answer, code: "unavailable" } })),
    );
    this.#late.clear();
  }

  #ask(asked: Asked, reign: string, room: Seen): void {
    const { id, ask } = asked.request;
    // What changes nothing is done as often as it is asked for.
    if (ask.is === "keyframe") return this.#deps.onKeyframe(asked);
    if (ask.is === "checkpoint") return this.#deps.onCheckpoint(asked);
    if (ask.is === "vouch") return this.#deps.onVouch(asked);
    if (ask.is === "info") return this.#inform(asked);
    const known = this.#answers.find(id);
    if (known !== undefined) {
      // One that has no answer yet is on its way.
      if (known.answer !== undefined) this.#deps.mail.post(asked.node, known.answer);
      return;
    }
    this.#answers.begin(id);
    this.#carryOut(asked, ask, reign, room);
  }

  /** One that is not answered is asked again. */
  #inform(asked: Asked): void {
    const info = this.#deps.report();
    if (info !== undefined) this.answer(asked, "ok", { info });
  }

  #carryOut(asked: Asked, ask: Entered, reign: string, room: Seen): void {
    const { node } = asked;
    switch (ask.is) {
      case "join":
        if (this.#held !== undefined && !ask.had && !room.seats.has(ask.seat)) this.#held.push(asked);
        else this.#join(asked, ask.had && this.#held !== undefined);
        return;
      case "here":
        // What is only said again takes no seat from a connection that came later.
        if (!this.#holders.mayLetGo(ask.seat, { node, client: ask.client })) return this.#isTaken(asked, ask);
        this.#hold(ask.seat, { node, client: ask.client });
        this.#inbox.put({ is: "here", seat: ask.seat, ...(ask.from !== undefined && { from: ask.from }) });
        return this.#wait(asked);
      case "away":
        if (this.#holders.mayLetGo(ask.seat, { node, client: ask.client })) {
          this.#holders.drop(ask.seat);
          this.#inbox.put({ is: "away", seat: ask.seat });
        }
        return this.#wait(asked);
      case "leave":
        return this.#leave(asked);
      case "kick":
        this.#kicks.add(ask);
        this.#inbox.put({ is: "leave", seat: ask.seat, why: "kicked" });
        return this.#wait(asked);
      case "reserve":
        this.#inbox.put({ is: "reserve", seat: ask.seat, ms: ask.ms });
        this.#seats.push(asked);
        return;
      case "send":
        if (ask.under !== reign) return this.send([this.reply(asked, "room_moved")]);
        this.#inbox.put({
          is: "send",
          event: ask.event,
          json: ask.json,
          ...(ask.to !== undefined && { to: ask.to }),
        });
        return this.#wait(asked);
      case "close":
        this.#inbox.put({ is: "close", reason: ask.reason });
        return this.#wait(asked);
      case "stuck":
        // Whoever says so is gone, and gets no answer.
        return this.#deps.onStuck(ask.why);
      case "unknown":
        return this.send([
          this.reply(asked, "bad_request", { reason: "this server does not know what is asked" }),
        ]);
    }
  }

  #leave(asked: Asked): void {
    const { ask } = asked.request;
    if (ask.is !== "leave") return;
    const { seat, client, why } = ask;
    // It may have been carried out under the reign before, and its player may be back on another node, which says so soon.
    if (client !== undefined && !this.#hasWaited && this.#holders.get(seat) === undefined) {
      this.#early.push(asked);
      return;
    }
    if (client === undefined || this.#holders.mayLetGo(seat, { node: asked.node, client }))
      this.#inbox.put({ is: "leave", seat, why });
    this.#wait(asked);
  }

  #join(asked: Asked, over: boolean): void {
    const { ask } = asked.request;
    if (ask.is !== "join") return;
    const { seat, client, user, join, from } = ask;
    // At once, so that what an older connection says behind this does not count.
    this.#hold(seat, { node: asked.node, client });
    this.#inbox.put({ is: "join", seat, user, join, ...(over && { over }) });
    this.#seats.push(asked);
    if (from !== undefined) this.#inbox.put({ is: "here", seat, from });
  }

  #hold(seat: string, holder: Holder): void {
    const { mail, channel } = this.#deps;
    const lost = this.#holders.hold(seat, holder);
    if (lost !== undefined) mail.post(lost.node, { is: "taken", channel, seat, client: lost.client });
  }

  #isTaken(asked: Asked, { seat, client }: Extract<Ask, { is: "here" }>): void {
    const { mail, channel } = this.#deps;
    mail.post(asked.node, { is: "taken", channel, seat, client });
    this.send([this.reply(asked, "refused", { reason: "another connection has the seat" })]);
  }

  #wait(asked: Asked): void {
    this.#others.push(asked);
  }
}

function codeOf(answer: SeatAnswer): AnswerCode {
  return answer === "again" ? "ok" : answer;
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}
