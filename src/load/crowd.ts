/** Many members, joined a few at a time. */
import { Member, type MemberOptions } from "./member.js";

/** What {@link gather} takes. */
export interface CrowdOptions extends Omit<MemberOptions, "channels" | "cursors"> {
  /** The channels of each member; as many members as there are lists. */
  readonly channels: readonly (readonly string[])[];
  /** Where each goes on from, where it has been before; as the members said it themselves. */
  readonly places?: readonly (readonly string[] | undefined)[];
  /** Told how many have joined. */
  readonly joined?: (count: number) => void;
}

/** How many handshakes are under way at once: fewer than a listening socket holds waiting. */
const AT_ONCE = 100;

/** Joins them all. Rejects with the first failure, when none of them is there any more. */
export async function gather(options: CrowdOptions): Promise<Member[]> {
  const { channels, name, places, joined, ...each } = options;
  const members: Member[] = [];
  const failures: unknown[] = [];
  let next = 0;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (next < channels.length && failures.length === 0) {
      const i = next++;
      const cursors = places?.[i];
      const about = {
        name: `${name}-${i}`,
        channels: channels[i] ?? [],
        ...(cursors !== undefined && { cursors }),
      };
      try {
        members[i] = await Member.join({ ...each, ...about });
        joined?.(++count);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, channels.length) }, worker));
  if (failures.length === 0) return members;
  // By value: one that failed has left a hole.
  for (const member of Object.values(members)) member.wire.destroy();
  throw failures[0];
}
