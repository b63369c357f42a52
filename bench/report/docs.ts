import { fileURLToPath } from "node:url";

/** Where reports go. This file runs as build/bench/report/docs.js. */
export const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
