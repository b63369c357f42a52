/** The part of docs/benchmarks.md about channels of keys and values. */
import type { Findings, Scenario } from "../scenario.js";
import type { Verdict } from "../verdict.js";
import { verdictTable } from "./document.js";
import { gridMarkdown } from "./grid.js";
import { Section } from "./sections.js";

export const STATE_SECTION = new Section("npm run bench -- --only state");

export interface StateReport {
  readonly quick: boolean;
  readonly machine: readonly string[];
  readonly scenarios: readonly { readonly scenario: Scenario; readonly findings: Findings }[];
}

/** Markdown, with the marks of {@link STATE_SECTION}. */
export function describeState({ quick, machine, scenarios }: StateReport): string {
  const verdicts = scenarios.flatMap(({ findings }): readonly Verdict[] => findings.verdicts ?? []);
  const missed = verdicts.filter(({ reached }) => !reached).length;
  return STATE_SECTION.mark([
    "## Values that change: `state`",
    "`npm run bench -- --only state --write`. Here the peers are what their users write around them, as well as it can be done. Five rounds in turn, medians; “±” is half the range of the " +
      "first column's figure. At the end of each round every viewer's map is held against the server's. Each server is bound to a core, the viewers to another one. The age at arrival is " +
      "that of the newest change in a message: waiting for the next message is not in it.",
    ...(quick ? ["> **Provisional.** These figures are from one short round."] : []),
    verdictTable(verdicts),
    missed === 0 ? "All of these were reached." : `${missed} of ${verdicts.length} were missed in this run.`,
    ...scenarios.flatMap(({ scenario, findings }) => [
      `### ${scenario.title}`,
      scenario.about(quick),
      ...(findings.grids ?? []).map(gridMarkdown),
    ]),
    machine.map((line) => `- ${line}`).join("\n"),
  ]);
}
