/** A process that makes load, one job at a time. What it can do are the functions at the end. */
import {
  ClosedLoop,
  Traffic,
  type ClosedLoopSpec,
  type Job,
  type Reading,
  type TrafficSpec,
} from "tidemark/load";
import { expose } from "../lib/remote.js";
import { usage } from "../lib/usage.js";
import { DIALECTS } from "./dialects.js";
import { Crowd, type CrowdSpec } from "./jobs/crowd.js";
import { Requests, type RequestsSpec } from "./jobs/requests.js";
import { Storm, type StormSpec } from "./jobs/storm.js";
import type { NamedTarget } from "./target.js";

export type JobSpec = ClosedLoopSpec | CrowdSpec | RequestsSpec | StormSpec | TrafficSpec;

let current: Job | undefined;

function job(): Job {
  if (current === undefined) throw new Error("no job was prepared");
  return current;
}

function prepare(named: NamedTarget, spec: JobSpec): Promise<Job> {
  const target = { ...named, dialect: DIALECTS[named.dialect] };
  switch (spec.job) {
    case "closed loop":
      return ClosedLoop.prepare(target, spec);
    case "crowd":
      return Crowd.prepare(target, spec);
    case "requests":
      return Requests.prepare(target, spec);
    case "storm":
      return Storm.prepare(target, spec);
    case "traffic":
      return Traffic.prepare(target, spec);
  }
}

const functions = {
  usage,
  async prepare({ target, spec }: { target: NamedTarget; spec: JobSpec }): Promise<void> {
    current = await prepare(target, spec);
  },
  run: () => job().run(),
  reading: (): Reading => job().reading(),
  forget: () => job().forget(),
  stop: () => job().stop(),
  leave(): void {
    current?.leave();
    current = undefined;
  },
};
export type Generator = typeof functions;

expose(functions);
