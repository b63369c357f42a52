import { contractOnEachWay } from "./support/ways.js";
import { harness } from "./support/servers.js";

contractOnEachWay("one node", (way) => harness(way, 1));
contractOnEachWay("two nodes in turn", (way) => harness(way, 2));
