export { smallDisk, type SmallDisk } from "../../../../bench/lib/small-disk.js";
