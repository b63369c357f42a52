/** Puts the page together: who is here, which room is shown, and what happens when something is clicked. */
import { byId } from "../../shared/page/dom.js";
import { bannerText, pillText, STATUS_LABELS } from "./banner.js";
import { Composer } from "./composer.js";
import { drawer } from "./drawer.js";
import { loadIdentity, saveIdentity } from "./identity.js";
import { MessageList } from "./message-list.js";
import { askName } from "./name-dialog.js";
import { oncePerFrame } from "./once-per-frame.js";
import { cleanRoomName, hashOfRoom, loadRooms, roomFromHash, saveRoom } from "./room-names.js";
import { rowsOf } from "./rows.js";
import { showMe, showPeople, showRooms } from "./sidebar.js";
import { typingText } from "./typists.js";
import { Visit } from "./visit.js";

const part = (id: string): HTMLElement => byId(id, HTMLElement);

/** What is written in each room and not sent. */
const drafts = new Map<string, string>();
/** How many messages came that the reader has not had in sight. */
let unread = 0;

const list = new MessageList({
  scroller: part("scroller"),
  list: part("list"),
  retry: (key) => visit.room.retry(key),
  discard: (key) => visit.room.discard(key),
  loadOlder: () => void visit.room.loadOlder(true),
  onNearTop: () => void visit.room.loadOlder(),
  onAtEnd: () => render(),
});

const composer = new Composer({
  form: byId("composer", HTMLFormElement),
  input: byId("text", HTMLTextAreaElement),
  send: byId("send", HTMLButtonElement),
  left: part("left"),
  onSend: (text) => {
    list.scrollToEnd();
    visit.room.send(text);
  },
  onTyping: (on) => visit.room.sayTyping(on),
});

const sidebar = drawer(part("sidebar"), [part("open-rooms"), part("open-people")], part("backdrop"));

const render = oncePerFrame(() => {
  const { room, status, me } = visit;
  if (list.atEnd) room.forgetOldest();
  list.show(rowsOf(room.timeline, room.start, me.name, Date.now()));
  showPeople(part("members"), room.people, me.id);
  part("people-count").textContent = room.people.length === 0 ? "" : String(room.people.length);
  part("open-people").textContent = `${room.people.length} here`;
  part("typing").textContent = typingText(room.typing);
  part("status").textContent = STATUS_LABELS[status];
  part("status").dataset["status"] = status;
  const banner = bannerText(status, visit.wasOnline) || room.problem;
  part("banner").textContent = banner;
  part("banner").hidden = banner === "";
  showUnread();
});

const known = loadIdentity();
let visit = new Visit(
  known ?? saveIdentity((await askName(undefined)) ?? "Somebody", undefined),
  roomFromHash(location.hash) ?? "general",
  {
    onChange: render,
    onNew: () => {
      if (!list.atEnd || document.hidden) unread++;
    },
  },
);
showMe(part("me"), visit.me.name);
showRoom();

addEventListener("hashchange", () => {
  const name = roomFromHash(location.hash);
  if (name === undefined || name === visit.room.name) return;
  drafts.set(visit.room.name, composer.draft);
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

part("rooms").addEventListener("click", () => sidebar.close());
part("pill").addEventListener("click", () => {
  list.scrollToEnd();
  render();
});
document.addEventListener("visibilitychange", render);
// "Today" becomes "Yesterday" while a page stays open.
setInterval(render, 60_000);

part("me").addEventListener("click", () => void changeName());

async function changeName(): Promise<void> {
  const name = await askName(visit.me.name);
  if (name === undefined || name === visit.me.name) return;
  visit = visit.renamed(saveIdentity(name, visit.me));
  showMe(part("me"), name);
  showRoom();
}

/** What changes with the room only. */
function showRoom(): void {
  const { name } = visit.room;
  saveRoom(name);
  showRooms(part("rooms"), loadRooms(), name);
  part("room-title").textContent = name;
  byId("text", HTMLTextAreaElement).placeholder = `Message #${name}`;
  part("text").setAttribute("aria-label", `Message to ${name}`);
  composer.draft = drafts.get(name) ?? "";
  // On a phone the keyboard would cover what one came to read.
  if (matchMedia("(pointer: fine)").matches) composer.focus();
  unread = 0;
  list.scrollToEnd();
  render();
}

function showUnread(): void {
  if (list.atEnd && !document.hidden) unread = 0;
  part("pill").hidden = list.atEnd;
  part("pill").textContent = pillText(unread);
  document.title = `${unread > 0 ? `(${unread}) ` : ""}#${visit.room.name} – Tidemark chat`;
}
