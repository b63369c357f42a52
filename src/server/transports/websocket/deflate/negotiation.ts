/** When a handshake agrees on compression: permessage-deflate of RFC 7692, where nothing is remembered between messages. */

/**
 * What the server answers. Without takeover every message stands for itself, so that all peers can be sent the same bytes, and
 * neither side keeps a window for each connection.
 */
export const AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

const NAME = "permessage-deflate";
/** A browser offers compression on every WebSocket; those who want it say so in the address. */
const ASKS = /[?&]deflate=1(?:&|$)/;
/**
 * Parameters under which the answer above holds. `server_max_window_bits` is none of them: shared messages are compressed with
 * the whole window.
 */
const PARAMETER =
  /^(?:server_no_context_takeover|client_no_context_takeover|client_max_window_bits(?:[\t ]*=[\t ]*(?:[89]|1[0-5]|"[89]"|"1[0-5]"))?)$/;

/** Whether the address of a handshake asks for compression. */
export function asksForDeflate(url = ""): boolean {
  return ASKS.test(url);
}

/**
 * Whether one of a client's offers can be taken. What is malformed or unknown is passed over, as RFC 7692 (5.1) has it.
 *
 * @param header `Sec-WebSocket-Extensions`
 */
export function offersDeflate(header: string | undefined): boolean {
  return header !== undefined && header.split(",").some(isGood);
}

function isGood(offer: string): boolean {
  const [name, ...parameters] = offer.split(";").map((part) => part.trim());
  if (name !== NAME || !parameters.every((parameter) => PARAMETER.test(parameter))) return false;
  const names = parameters.map((parameter) => parameter.split("=", 1)[0]?.trim());
  return new Set(names).size === names.length;
}
