/** Many members, joined a few at a time, and what all of them together have received. */
import type { DialectName } from "./dialect.js";
import { Member, type MemberEvents } from "./member.js";

export interface CrowdOptions {
  readonly port: number;
  readonly host?: string;
  readonly dialect: DialectName;
  /** The channels of each member; as many members as there are lists. */
  readonly channels: readonly (readonly string[])[];
  /** Unique among the crowds of one server. */
  readonly name: string;
  readonly events: MemberEvents;
  /** Where each goes on from, where it has been before; as the members said it themselves. */
  readonly places?: readonly (readonly string[] | undefined)[];
  /** How fast they read. Default: as fast as they can. */
  readonly bytesPerSecond?: number;
}

/** How many handshakes are under way at once: fewer than a listening socket holds waiting. */
const AT_ONCE = 100;

/** Joins them all. Rejects with the first failure. */
export async function gather(options: CrowdOptions): Promise<Member[]> {
  const { channels, name, places, ...each } = options;
  const members: Member[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < channels.length) {
      const i = next++;
      const cursors = places?.[i];
      const about = {
        name: `${name}-${i}`,
        channels: channels[i] ?? [],
        ...(cursors !== undefined && { cursors }),
      };
      members[i] = await Member.join({ ...each, ...about });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, channels.length) }, worker));
  return members;
}
