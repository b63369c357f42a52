/** The longest channel name, in bytes of UTF-8. */
export const MAX_CHANNEL_BYTES = 255;
/** What that can take with each byte encoded, as `%E2`. */
const MAX_SPELLED_BYTES = 3 * MAX_CHANNEL_BYTES;

// Control characters would make logs and terminals lie about the name; lone surrogates have no UTF-8 form.
// eslint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/u;

/**
 * Why `name` cannot be a channel's name, or `undefined` when it can: 1 to 255 bytes of UTF-8, no control characters. What
 * counts is what it stands for: an encoded control character is one, and an encoded letter is one letter.
 */
export function channelNameProblem(name: string): string | undefined {
  // What is longer than the longest is not looked into.
  const plain = name.length <= MAX_SPELLED_BYTES && name.includes("%") ? decodedName(name) : name;
  const bytes = utf8Length(plain);
  if (bytes === 0 || bytes > MAX_CHANNEL_BYTES)
    return `a channel name has 1 to ${MAX_CHANNEL_BYTES} bytes of UTF-8, not ${bytes}`;
  if (UNFIT.test(plain)) return "a channel name is well-formed Unicode without control characters";
  return undefined;
}

/** What a name stands for; segments that are not validly encoded stand for themselves. */
function decodedName(name: string): string {
  return name
    .split("/")
    .map((part) => decodeSegment(part) ?? part)
    .join("/");
}

/**
 * The one spelling of all those that name the same channel: each segment decoded and encoded again, so that
 * `chat/café`, `chat/caf%c3%a9` and `chat/caf%C3%A9` are one. What is not validly encoded stays as it is: no two such
 * segments are the same.
 *
 * @example canonicalName("ch%61t/café") // "chat/caf%C3%A9"
 */
export function canonicalName(name: string): string {
  return name.split("/").map(canonicalSegment).join("/");
}

/** What a name's segment stands for, or `undefined` where it is not validly encoded. */
export function decodeSegment(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

function canonicalSegment(part: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(part));
  } catch {
    return part;
  }
}

/** How many bytes `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
