import { expect, test } from "vitest";
import { readBrokerUrl } from "../../src/cli/broker.js";

test.each([
  ["redis://db", { url: "redis://db" }],
  ["redis://ann:secret@db:6380/2", { url: "redis://ann:secret@db:6380/2" }],
  ["rediss://db?prefix=app&replicas=2", { url: "rediss://db", prefix: "app", replicas: 2 }],
  [
    "redis+sentinel://:se%40cret@a:26380,b/main",
    {
      sentinel: {
        name: "main",
        nodes: [
          { host: "a", port: 26_380 },
          { host: "b", port: 26_379 },
        ],
      },
      client: { password: "se@cret" },
    },
  ],
  [
    "rediss+cluster://ann:x@a:7000,[::1]:7001",
    {
      cluster: {
        nodes: [
          { host: "a", port: 7000 },
          { host: "::1", port: 7001 },
        ],
      },
      client: { username: "ann", password: "x", tls: {} },
    },
  ],
  ["redis+cluster://a", { cluster: { nodes: [{ host: "a", port: 6379 }] } }],
])("--broker %s", (url, options) => {
  expect(readBrokerUrl(url)).toEqual(options);
});

test.each([
  ["http://db", "--broker takes redis://"],
  ["redis://a,b", "--broker takes redis://"],
  ["redis://db/main", "--broker takes redis://"],
  ["redis+sentinel://a", "ends with the primary's name"],
  ["redis+cluster://a:b", "--broker takes redis://"],
  ["redis://db?prefix=x&replicas=many", "prefix=NAME and replicas=NUMBER"],
  ["redis://db?evict=1", "prefix=NAME and replicas=NUMBER"],
])("--broker %s is a mistake, and is said to be one", (url, message) => {
  expect(() => readBrokerUrl(url)).toThrow(message);
});
