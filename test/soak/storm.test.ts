/** The short form of npm run soak:storm: a crowd that the server lets in at once but for a few hundred. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "tidemark";
import { storm, stormFaults } from "../../bench/soak/storm-run.js";

const BUILT = new URL("../../build/bench/soak/", import.meta.url).href;

test("K52: a crowd that is cut off in one moment comes back at the pace that is set", async () => {
  const { connects } = DEFAULT_LIMITS;
  if (connects === false) throw new Error("there is no pace");
  const clients = 1300;
  const result = await storm({ kind: "Tidemark", clients, built: BUILT });
  expect(stormFaults(result, { clients, ...connects })).toEqual([]);
}, 120_000);
