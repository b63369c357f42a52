/**
 * The address of one of this server's WebSockets: the page's own, with ws or wss.
 *
 * @param path from the page's address, such as "connect"
 * @example socketUrl("connect", "https://a.example/") // "wss://a.example/connect"
 */
export function socketUrl(path: string, page: string = location.href): string {
  const url = new URL(path, page);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.hash = "";
  return url.href;
}
