/** Whether the tests can run: `npm test` says what it could not install. */
export const hasRedis = !(process.env["TIDEMARK_MISSING"] ?? "").split(",").includes("redis-server");
