/** docs/benchmarks.md: what was measured, on what, how to repeat it, and what came of it. */
import { NAMES } from "../contenders.js";
import type { Findings, Row, Scenario } from "../scenario.js";
import type { Verdict } from "../verdict.js";
import { digits, withUnit } from "./format.js";

export interface Report {
  readonly quick: boolean;
  readonly machine: readonly string[];
  readonly scenarios: readonly {
    readonly scenario: Scenario;
    readonly findings: Findings;
    readonly plots: readonly string[];
  }[];
  readonly verdicts: readonly Verdict[];
  /** How long it took, in seconds. */
  readonly took: number;
}

export function document({ quick, machine, scenarios, verdicts, took }: Report): string {
  const missed = verdicts.filter(({ reached }) => !reached);
  return [
    "# Benchmarks",
    "This page is written by `npm run bench`. It runs Tidemark beside the servers that people would use otherwise, on the machine that it is started on, and takes about half an hour.",
    ...(quick
      ? [
          "> **Provisional.** These figures are from a quick run (`npm run bench -- --quick --write`): few short rounds, fewer connections. `npm run bench` replaces them.",
        ]
      : []),
    "## Targets",
    verdictTable(verdicts),
    missed.length === 0
      ? "All targets were reached."
      : `${missed.length} of ${verdicts.length} targets were missed in this run. [performance.md](performance.md) says where the time goes.`,
    "Absolute targets were set on a machine with faster cores than most; what `ws` needs for the same in the same run says what this machine is like.",
    "## What was run",
    list([
      "**Tidemark** as its users run it: channels with a log of 1,000 messages, offsets, resuming, idempotency keys; payloads are JSON without a schema.",
      "**uWebSockets.js** by its own publish and subscribe, from the npm package `uwebsockets` 3.0.6: somebody else's packaging of it, pinned, since the project itself is not on npm.",
      "**ws** with the loop over a channel's clients that everybody writes.",
      "**Socket.IO** 4.8 with its WebSocket transport and a room a channel.",
    ]),
    "Each server is a process of its own" +
      " that has a processor core for itself; the load generator has another. The generator uses raw TCP sockets with one shared read buffer and counts frames where they lie. " +
      "Servers take turns round by round, so that whatever else the machine does hits all of them, and figures are medians of the rounds. " +
      "**The figure to look at is the server's processor time** (of all its threads, as the system accounts it): " +
      "generator and server share a machine, so rates and latencies say as much about the generator. " +
      "Loads with a fixed rate time every delivery from the moment at which the message was *to be* sent. “±” is half the range of the rounds, the widest of the four servers'.",
    "The machine:",
    list(machine),
    `It took ${Math.round(took)} s.`,
    ...scenarios.flatMap(({ scenario, findings, plots }) => [
      `## ${scenario.title}`,
      scenario.about(quick),
      table(findings.rows),
      ...plots.map((plot) => `![${scenario.title}](${plot})`),
    ]),
    "## Repeat it",
    "```sh\nnpm run bench                      # everything; writes this page\nnpm run bench:report               # this, and the 100,000 connections\nnpm run bench -- --quick           # three minutes; prints only\nnpm run bench -- --only fan-out    # the scenarios whose names begin so\nnpm run bench -- --only state --write\nnpm run bench:feed                 # Tidemark's feed alone\nnpm run bench:server -- --port N   # the server alone, for load generators of your own\nnpm run bench:connections -- --count 100000 --write\n```",
    "",
  ].join("\n\n");
}

function table(rows: readonly Row[]): string {
  const head = `| | ${NAMES.join(" | ")} | ± |\n| --- | ${NAMES.map(() => "---:").join(" | ")} | ---: |`;
  const body = rows.map(({ what, unit, values, spread }) => {
    const cells = NAMES.map((name) => withUnit(values[name], unit));
    return `| ${what} | ${cells.join(" | ")} | ${spread === undefined || spread === 0 ? "" : `${Math.round(spread * 100)} %`} |`;
  });
  return [head, ...body].join("\n");
}

/** What says why, for a target that was missed. */
const PROFILE = "performance.md#what-stands-between-us-and-the-targets";

export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ target, limit, found, unit, reached, ws }) => {
    const beside = ws === undefined ? "" : `${digits(found / ws)} × (${digits(ws)} ${unit})`;
    const verdict = reached ? "reached" : `**missed** ([why](${PROFILE}))`;
    return `| ${target} | ${limit} ${unit} | ${digits(found)} ${unit} | ${beside} | ${verdict} |`;
  });
  return [
    "| target | | measured | over ws in this run | |\n| --- | ---: | ---: | ---: | --- |",
    ...rows,
  ].join("\n");
}

const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join("\n");
