/** Puts the page together: who is here, which room is shown, and what happens when something is clicked. */
import { byId } from "../../shared/page/dom.js";
import { slowModeOf } from "../limits.js";
import { bannerText, pillText, slowText, STATUS_LABELS } from "./banner.js";
import { Composer, type Draft } from "./composer.js";
import { drawer } from "./drawer.js";
import { acceptDrops } from "./drop.js";
import { loadIdentity, newClaim, randomKey, saveIdentity, type Identity } from "./identity.js";
import { Images } from "./images.js";
import { mentionsIn } from "./mentions.js";
import { MessageList } from "./message-list.js";
import { MessageMenu } from "./message-menu.js";
import { askName } from "./name-dialog.js";
import { oncePerFrame } from "./once-per-frame.js";
import { ReadPositions } from "./read-positions.js";
import {
  cleanRoomName,
  forgetRoom,
  hashOfRoom,
  loadRooms,
  roomFromHash,
  saveRoom,
  STARTING_ROOMS,
} from "./room-names.js";
import { rowsOf, type MessageRow } from "./rows.js";
import { SearchBar } from "./search-bar.js";
import { showMe, showPeople, showRooms, type Person } from "./sidebar.js";
import { signIn } from "./sign-in.js";
import { ThreadPanel } from "./thread-panel.js";
import { typingText } from "./typists.js";
import { Visit } from "./visit.js";
import { wayText } from "./way.js";

const part = (id: string): HTMLElement => byId(id, HTMLElement);

/** What is written in each room and not sent. */
const drafts = new Map<string, string>();
const images = new Images();

const menu = new MessageMenu(byId("message-menu", HTMLDialogElement), {
  react: (offset, emoji) => visit.room.toggleReaction(offset, emoji),
  reply: (offset) => openThread(offset),
  edit: (offset, text) => composerOf(offset).edit(offset, text),
  remove: (offset) => visit.room.change({ delete: offset }),
});

const rowActions = {
  retry: (key: string) => visit.room.retry(key),
  discard: (key: string) => visit.room.discard(key),
  loadOlder: () => void visit.room.loadOlder(true),
  toggleReaction: (offset: number, emoji: string) => visit.room.toggleReaction(offset, emoji),
  openThread: (offset: number) => openThread(offset),
  addressOf: images.address.bind(images),
  openMenu: ({ offset, text, own }: MessageRow, near: Element) => {
    if (offset === undefined) return;
    menu.open({
      offset,
      text,
      own,
      canReply: threadOf(offset) === undefined,
      box: near.getBoundingClientRect(),
    });
  },
};

const list = new MessageList({
  ...rowActions,
  scroller: part("scroller"),
  list: part("list"),
  onNearTop: () => void visit.room.loadOlder(),
  onAtEnd: () => render(),
});

const composing = {
  onEdited: (offset: number, text: string) =>
    visit.room.change({ edit: offset, text, mentions: mentionsIn(text, callable()) }),
  onTyping: (on: boolean) => visit.room.sayTyping(on),
  people: () => callable(),
};

const composer = new Composer({
  ...composing,
  form: byId("composer", HTMLFormElement),
  prefix: "",
  onSend: (draft) => {
    list.scrollToEnd();
    send(draft, undefined);
  },
  onEditLast: () => editLast(undefined),
});

const thread = new ThreadPanel({
  list: rowActions,
  composer: {
    ...composing,
    onSend: (draft) => send(draft, thread.root),
    onEditLast: () => editLast(thread.root),
  },
  onChange: () => render(),
});

const search = new SearchBar({
  onChange: () => render.now(),
  onGo: ({ offset, thread: root }) => {
    if (root === undefined) list.scrollTo((row) => row.offset === offset);
    else {
      list.scrollTo((row) => row.offset === root);
      thread.open(root);
      render.now();
      thread.scrollTo(offset);
    }
  },
});
part("search-more").addEventListener("click", () => void visit.room.loadOlder(true));

const sidebar = drawer(part("sidebar"), [part("open-rooms"), part("open-people")], part("backdrop"));

const render = oncePerFrame(() => {
  const { room, status, me } = visit;
  if (isReading()) room.looked();
  if (list.atEnd) room.forgetOldest();
  const now = Date.now();
  const { timeline, newLine, reading } = room;
  search.update(timeline);
  const view = { newAfter: newLine.after, readers: reading.others, find: search.find };
  list.show(rowsOf(timeline, room.start, me.name, now, view));
  if (thread.root !== undefined)
    thread.show(rowsOf(timeline, room.start, me.name, now, { find: search.find, thread: thread.root }));
  showPeople(part("members"), room.people, me.id);
  part("people-count").textContent = room.people.length === 0 ? "" : String(room.people.length);
  part("open-people").textContent = `${room.people.length} here`;
  part("typing").textContent = typingText(room.typing);
  part("status").textContent = STATUS_LABELS[status] + wayText(status, visit.transport);
  part("status").dataset["status"] = status;
  const banner = bannerText(status, visit.wasOnline) || room.problem;
  part("banner").textContent = banner;
  part("banner").hidden = banner === "";
  showSlowMode();
  showUnread();
});

let visit = new Visit(await identify(), roomFromHash(location.hash) ?? "general", loadRooms(), services(), {
  onChange: render,
  onNew: (room) => {
    if (room !== visit.room || !isReading()) room.newLine.missed(room.reading.upTo);
  },
});
showMe(part("me"), visit.me.name);
showRoom();

addEventListener("hashchange", () => {
  const name = roomFromHash(location.hash);
  if (name === undefined || name === visit.room.name) return;
  drafts.set(visit.room.name, composer.draft);
  thread.close();
  visit.enter(name);
  showRoom();
});

byId("new-room", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const field = byId("room-name", HTMLInputElement);
  const name = cleanRoomName(field.value);
  if (name === undefined) return;
  field.value = "";
  location.hash = hashOfRoom(name);
  sidebar.close();
});

part("rooms").addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("a") !== null) sidebar.close();
});
part("pill").addEventListener("click", () => {
  list.scrollToEnd();
  render();
});
acceptDrops(part("main"), (files) => composer.attach(files));
acceptDrops(part("thread"), (files) => thread.composer.attach(files));
for (const event of ["visibilitychange", "focus"]) document.addEventListener(event, render);
// "Today" becomes "Yesterday" while a page stays open.
setInterval(render, 60_000);

part("me").addEventListener("click", () => void changeName());

/** Who it was the last time, or somebody new. */
async function identify(): Promise<Identity> {
  const known = loadIdentity();
  if (known !== undefined) return known;
  const me = await signIn(newClaim((await askName(undefined)) ?? "Somebody"));
  saveIdentity(me);
  return me;
}

function services() {
  return { images, positions: new ReadPositions() };
}

async function changeName(): Promise<void> {
  const name = await askName(visit.me.name);
  if (name === undefined || name === visit.me.name) return;
  const me = { ...visit.me, name };
  saveIdentity(me);
  visit = visit.renamed(me);
  showMe(part("me"), name);
  showRoom();
}

function send({ text, image }: Draft, root: number | undefined): void {
  const content = { text, thread: root, mentions: mentionsIn(text, callable()) };
  if (image === undefined) return visit.room.send(content);
  const key = randomKey();
  const { bytes, ...info } = image;
  images.add(visit.me.id, key, image.type, bytes);
  visit.room.send({ ...content, image: { ...info, key } });
}

/** Those who can be called in this room: who is there, and who has written; but not oneself. */
function callable(): Person[] {
  const people = new Map<string, Person>();
  for (const entry of visit.room.timeline.entries) {
    if (entry.kind === "message" && entry.message.from !== undefined)
      people.set(entry.message.from, { id: entry.message.from, name: entry.message.name });
  }
  for (const person of visit.room.people) people.set(person.id, person);
  people.delete(visit.me.id);
  return [...people.values()];
}

/** The message that this one is a reply to, if it is one. */
function threadOf(offset: number): number | undefined {
  return visit.room.timeline.find(offset)?.thread;
}

function openThread(offset: number): void {
  thread.open(threadOf(offset) ?? offset);
}

/** A reply is edited where it is shown. */
function composerOf(offset: number): Composer {
  const root = threadOf(offset);
  return root !== undefined && root === thread.root ? thread.composer : composer;
}

/** The last message of this user's in the room, or in the thread that began with `root`. */
function editLast(root: number | undefined): void {
  const { timeline } = visit.room;
  const last = timeline.entries.findLast((entry) => {
    if (entry.kind !== "message" || !timeline.canChange(entry.log)) return false;
    const { message } = entry;
    return timeline.isOwn(message) && message.thread === root && !timeline.amended(message).deleted;
  });
  if (last?.kind !== "message") return;
  composerOf(last.message.offset).edit(last.message.offset, timeline.amended(last.message).text);
}

/** What changes with the room only. */
function showRoom(): void {
  const { name, newLine, reading, unread } = visit.room;
  saveRoom(name);
  visit.list(loadRooms());
  newLine.enter(reading.upTo, unread.count);
  part("room-title").textContent = name;
  composer.label(`Message #${name}`, `Message to ${name}`);
  composer.draft = drafts.get(name) ?? "";
  // On a phone the keyboard would cover what one came to read.
  if (matchMedia("(pointer: fine)").matches) composer.focus();
  list.scrollToEnd();
  render.now();
  list.scrollToNew();
}

/** Whether new messages are seen as they come. */
function isReading(): boolean {
  return list.atEnd && !document.hidden;
}

function showRoomList(): void {
  const rooms = visit.rooms.map(({ name, unread }) => ({
    name,
    unread,
    canLeave: !STARTING_ROOMS.includes(name) && name !== visit.room.name,
  }));
  showRooms(part("rooms"), rooms, visit.room.name, (name) => {
    forgetRoom(name);
    visit.list(loadRooms());
    render();
  });
}

let slowTimer: ReturnType<typeof setTimeout> | undefined;

/** In slow mode, how long one has to wait; a second later it is one second less. */
function showSlowMode(): void {
  const { name, slowFor } = visit.room;
  part("slow").textContent = slowText(slowModeOf(name), slowFor);
  part("slow").hidden = slowModeOf(name) === 0;
  clearTimeout(slowTimer);
  if (slowFor > 0) slowTimer = setTimeout(showSlowMode, slowFor % 1000 || 1000);
}

function showUnread(): void {
  showRoomList();
  const { unread, name } = visit.room;
  part("pill").hidden = list.atEnd;
  part("pill").textContent = pillText(unread.count);
  document.title = `${unread.count > 0 ? `(${unread.count}) ` : ""}#${name} – Tidemark chat`;
}
