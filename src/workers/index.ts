/** Several processes of one server: `supervise({ program: "./server.js", … })`. */
export { HELPER_HEAP_MIB } from "./helper.js";
export { supervise, type SuperviseOptions, type Supervised } from "./supervise.js";
