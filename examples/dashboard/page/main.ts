/** Puts the page together: one viewer, the three things to look at, and what one can do to its link. */
import { byId } from "../../shared/page/dom.js";
import { FleetView } from "./fleet-view.js";
import { Light } from "./light.js";
import { MarketView } from "./market-view.js";
import { FIRST_RATE, Rail } from "./rail.js";
import { ServerView } from "./server-view.js";
import { makeSwitches } from "./switches.js";
import { makeTabs } from "./tabs.js";
import { Viewer } from "./viewer.js";
import { makeWireDrawer } from "./wire-drawer.js";

const viewer = new Viewer(FIRST_RATE);
const rail = new Rail(viewer);
new Light(viewer, (state) => rail.light(state));

const market = new MarketView(viewer);
const fleet = new FleetView(viewer);
const server = new ServerView(viewer);
makeTabs(byId("tabs", HTMLElement), { market, fleet, server });
makeSwitches(viewer, () => market.handle ?? fleet.handle ?? server.handle);
makeWireDrawer(viewer.tap, rail.closeSheet);

const place = byId("status", HTMLElement);
const showStatus = (): void => {
  place.textContent = viewer.rt.status;
  place.dataset["status"] = viewer.rt.status;
};
viewer.rt.on("status", showStatus);
showStatus();
