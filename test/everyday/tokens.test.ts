/** What people ask in the first hour, about tokens. Each test is the answer to its name. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { cookies, jwt, stream, tidemark, type JwtOptions } from "tidemark";
import { testApp } from "tidemark/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { quiet } from "../server/support/serve.js";

const secret = "0123456789abcdef0123456789abcdef";
const key = new TextEncoder().encode(secret);
const request = { headers: {}, url: "/connect", ip: "127.0.0.1" };

/** A token of ann's that is good for `seconds`. */
function tokenFor(seconds: number, change: (token: SignJWT) => SignJWT = (token) => token): Promise<string> {
  const token = new SignJWT({ name: "Ann" }).setProtectedHeader({ alg: "HS256" }).setSubject("ann");
  return change(token.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)).sign(key);
}

const verdict = async (options: JwtOptions, token: string | undefined): Promise<unknown> =>
  jwt(options)({ token, request }).then(
    ({ id }) => id,
    (error: { code?: string }) => error.code,
  );

describe("A20: jwt takes a token", () => {
  test("that is signed with the secret, for its subject, until it expires", async () => {
    const user = await jwt({ secret })({ token: await tokenFor(60), request });
    expect(user).toMatchObject({ id: "ann", claims: { name: "Ann" } });
    expect(user.expires).toBe((user.claims.exp ?? 0) * 1000);
  });

  test("and makes of it the user that the app wants", async () => {
    const authenticate = jwt({ secret, user: async ({ sub, name }) => ({ id: `u-${sub}`, name }) });
    expect(await authenticate({ token: await tokenFor(60), request })).toMatchObject({
      id: "u-ann",
      name: "Ann",
    });
  });

  test("and no other", async () => {
    const good = await tokenFor(60);
    const [head, body, mark] = good.split(".");
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
    expect(await verdict({ secret }, good)).toBe("ann");
    for (const bad of [undefined, "", "x", none, `${head}.${body}.`, `${head}.${body}x.${mark}`]) {
      expect([bad, await verdict({ secret }, bad)]).toEqual([bad, "unauthorized"]);
    }
    expect(await verdict({ secret: `${secret}!` }, good)).toBe("unauthorized");
    expect(await verdict({ secret, algorithms: ["HS512"] }, good)).toBe("unauthorized");
    expect(await verdict({ secret }, await tokenFor(-1))).toBe("token_expired");
    expect(await verdict({ secret, tolerance: "10s" }, await tokenFor(-1))).toBe("ann");
    expect(await verdict({ secret }, await tokenFor(60, (token) => token.setNotBefore("30s")))).toBe(
      "unauthorized",
    );
    const nobody = await new SignJWT({}).setProtectedHeader({ alg: "HS256" }).sign(key);
    expect(await verdict({ secret }, nobody)).toBe("unauthorized");
  });

  test("only with a subject that is a text", async () => {
    const user = jwt({ secret, user: ({ sub }) => ({ id: `u-${sub}` }) });
    for (const sub of ["", 0, 7, true, null, {}, { id: "ann" }, ["ann"]]) {
      const odd = await new SignJWT({ sub } as Record<string, unknown>)
        .setProtectedHeader({ alg: "HS256" })
        .sign(key);
      expect([sub, await verdict({ secret }, odd)]).toEqual([sub, "unauthorized"]);
      const made = await user({ token: odd, request }).catch(({ code }: { code: string }) => code);
      expect([sub, made]).toEqual([sub, "unauthorized"]);
    }
  });

  test("of the right maker and for the right audience", async () => {
    const token = await tokenFor(60, (one) => one.setIssuer("https://id.test").setAudience("chat"));
    expect(await verdict({ secret, issuer: "https://id.test", audience: ["chat", "games"] }, token)).toBe(
      "ann",
    );
    expect(await verdict({ secret, issuer: "https://evil.test" }, token)).toBe("unauthorized");
    expect(await verdict({ secret, audience: "mail" }, token)).toBe("unauthorized");
  });

  test("that is signed with a private key: as PEM, as JWK, and from a list of keys", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setSubject("ann")
      .setExpirationTime("1h")
      .sign(privateKey);
    const pem = await exportSPKI(publicKey);
    const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
    expect(await verdict({ key: pem }, token)).toBe("ann");
    expect(await verdict({ key: jwk }, token)).toBe("ann");
    // The old trick: the public key as if it were a shared secret.
    const forged = await new SignJWT({})
      .setProtectedHeader({ alg: "HS256" })
      .setSubject("ann")
      .sign(Buffer.from(pem));
    expect(await verdict({ key: pem }, forged)).toBe("unauthorized");

    let up = true;
    const server = createServer((_, response) => {
      response.writeHead(up ? 200 : 500, { "content-type": "application/json" });
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
    expect(await verdict({ jwks }, token)).toBe("ann");
    expect(await verdict({ jwks }, forged)).toBe("unauthorized");
    up = false;
    expect(await verdict({ jwks }, token)).toBe("unavailable");
  });

  test("from a cookie, or a header of the request", async () => {
    const token = await tokenFor(60);
    const withHeaders = (headers: Record<string, string>) => ({
      token: undefined,
      request: { ...request, headers },
    });
    const authenticate = jwt({ secret, cookie: "session" });
    expect(await authenticate(withHeaders({ cookie: `a=b; session=${token}` }))).toMatchObject({ id: "ann" });
    expect(await authenticate(withHeaders({ authorization: `Bearer ${token}` }))).toMatchObject({
      id: "ann",
    });
    await expect(jwt({ secret })(withHeaders({ cookie: `session=${token}` }))).rejects.toMatchObject({
      code: "unauthorized",
    });
  });

  test("but not with a secret that can be guessed", () => {
    expect(() => jwt({ secret: "hunter2" })).toThrow("at least 32 bytes, not 7");
  });
});

test("cookies of a request", () => {
  const of = (cookie?: string) => ({ ...cookies({ headers: { cookie } }) });
  expect(of('sid=a%20b; theme="dark"; sid=other; __proto__=x; odd; broken=%zz')).toEqual({
    sid: "a b",
    theme: "dark",
    ["__proto__"]: "x",
    broken: "%zz",
  });
  expect(of()).toEqual({});
});

/** An app whose tokens are how long they are good, in seconds, and whose. */
function expiring() {
  const asked: (string | undefined)[] = [];
  let now = Date.now;
  const app = tidemark({
    ...quiet,
    authenticate: ({ token = "" }) => {
      asked.push(token);
      const [id, seconds] = token.split(" ");
      return { id, expires: now() + Number(seconds) * 1000 };
    },
  }).channels({ "chat/:id": stream({ retain: { count: 10 }, onPublish: ({ user }) => user }) });
  const run = testApp(app);
  now = () => run.now();
  onTestFinished(() => run.close());
  return { run, asked };
}

test("K20: a connection ends when its token expires", async () => {
  const { run } = expiring();
  const ann = run.connect({ token: "ann 60" });
  await run.pass("59s");
  expect(ann.status).toBe("online");
  await run.pass("1s");
  expect(ann.reason).toMatchObject({ code: "token_expired", message: "the token has expired" });
});

test("K20: a token that has expired already is no way in, and a client with a function gets another one", async () => {
  const { run, asked } = expiring();
  const tokens = ["ann -1", "ann 60"];
  const ann = run.connect({ token: () => tokens.shift() });
  await run.pass("1s");
  expect(ann.status).toBe("online");
  expect(asked).toEqual(["ann -1", "ann 60"]);
});

test("N22, K21: renew the token in mid-connection, without missing anything", async () => {
  const { run, asked } = expiring();
  let count = 0;
  const ann = run.connect({ token: async () => `ann ${100 + count++}` });
  const statuses: string[] = [];
  ann.on("status", (status) => statuses.push(status));
  const chat = ann.stream("chat/:id", { id: "a" });
  await chat.ready;
  const seen: unknown[] = [];
  chat.on("message", ({ data }) => seen.push(data));
  await run.pass("5m");
  expect(asked).toEqual(["ann 100", "ann 101", "ann 102", "ann 103"]);
  expect(statuses).toEqual(["online"]);
  // The hooks see the user of the newest token.
  await chat.publish(null);
  await run.settle();
  expect(seen).toMatchObject([{ id: "ann" }]);
});

test("N22: a token that cannot be renewed in time is renewed after 4004", async () => {
  const { run, asked } = expiring();
  const tokens = ["ann 100", undefined, "ann 200"];
  const ann = run.connect({
    token: () => {
      const token = tokens.shift();
      if (token === undefined) throw new Error("the token server is down");
      return token;
    },
  });
  await run.pass("99s");
  expect(ann.status).toBe("online");
  await run.pass("2s");
  expect(ann.status).toBe("online");
  expect(asked).toEqual(["ann 100", "ann 200"]);
});

test("K21: another user's token does not renew mine", async () => {
  const { run, asked } = expiring();
  const tokens = ["ann 100", "bob 100", "ann 100"];
  const ann = run.connect({ token: () => tokens.shift() });
  await run.pass("99s");
  expect(asked).toEqual(["ann 100", "bob 100"]);
  await run.pass("2s");
  expect(asked).toEqual(["ann 100", "bob 100", "ann 100"]);
  expect(ann.status).toBe("online");
});
