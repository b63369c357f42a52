/** The numbers of RFC 6455 that reading and writing frames share. */

/** What a frame is, in the lower half of its first byte. */
export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
/** In the first byte: this frame is the last of its message, or the only one. */
export const FINAL = 0x80;
/** In the first byte of a message: it is compressed, as RFC 7692 has it. */
export const COMPRESSED = 0x40;
/** In the first byte: bits that only extensions give a meaning. */
export const RESERVED = 0x70;

/** The longest payload of a control frame, in bytes. */
export const MAX_CONTROL = 125;

/** Codes with which a peer is closed that breaks the protocol. */
export const PROTOCOL_ERROR = 1002;
/** Also for what cannot be inflated. */
export const NOT_UTF8 = 1007;
export const TOO_LONG = 1009;
/** What a close without a code is called; never sent. */
export const NO_CODE = 1005;
