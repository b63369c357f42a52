/** A process with the viewers of a channel of keys and values, and those who set some of them. */
import { expose } from "../../lib/remote.js";
import { usage } from "../../lib/usage.js";
import { Crowd, type CrowdReading, type CrowdSpec } from "./crowd.js";
import { Setters, type SettersReading, type SettersSpec } from "./setters.js";

let crowd: Crowd | undefined;
let setters: Setters | undefined;

function viewers(): Crowd {
  if (crowd === undefined) throw new Error("nobody has joined");
  return crowd;
}

const functions = {
  usage,
  join(spec: CrowdSpec): Promise<void> {
    crowd = new Crowd(spec);
    return crowd.join();
  },
  /** All at once; resolves when each has got a whole message, with how long that took and how much it was. */
  rush(spec: CrowdSpec): Promise<{ ms: number; bytes: number }> {
    crowd = new Crowd(spec);
    return crowd.rush();
  },
  reading: (): CrowdReading => viewers().reading(),
  forget(): void {
    crowd?.forget();
    setters?.forget();
  },
  quiet: () => viewers().quiet(),
  check: (newest: readonly (readonly [string, unknown])[]) => viewers().check(newest),
  async prepareSetters(spec: SettersSpec): Promise<void> {
    setters = new Setters(spec);
    await setters.join();
  },
  beginSetting: () => setters?.begin(),
  endSetting: () => setters?.end(),
  setting: (): SettersReading | undefined => setters?.reading(),
  leave(): void {
    crowd?.leave();
    setters?.leave();
    [crowd, setters] = [undefined, undefined];
  },
};
export type Viewers = typeof functions;

expose(functions);
