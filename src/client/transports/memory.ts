/**
 * Where it is kept for the pages to come which transport works, and since when: such as `sessionStorage`. The key is
 * the server's address, the value the transport's name and a time, in milliseconds since 1970.
 */
export interface Memory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}
