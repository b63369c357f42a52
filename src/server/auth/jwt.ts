/** JSON Web Tokens as `authenticate`. */
import { createPublicKey, type KeyObject } from "node:crypto";
import {
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from "jose";
import { duration, type Duration } from "../../protocol/duration.js";
import type { Peer } from "../connection/link.js";
import { TidemarkError } from "../errors.js";
import { cookies } from "./cookies.js";

/** What a token says; registered names such as `sub`, `iss` and `exp`, and whatever else its maker put in. */
export type JwtClaims = JWTPayload;

/** Where the key is: one of the three. */
export type JwtKey =
  /** Shared with whoever makes the tokens: HS256, HS384, HS512. At least 32 bytes. */
  | { readonly secret: string | Uint8Array }
  /** The public key of whoever makes them: PEM, JWK or what Node's and the web's crypto have. */
  | { readonly key: string | JWK | KeyObject | CryptoKey }
  /** Where its public keys are, such as `https://example.com/.well-known/jwks.json`. Fetched when needed, and kept. */
  | { readonly jwks: string | URL };

/** Which tokens {@link jwt} takes, besides those of its key. */
export type JwtOptions = JwtKey & {
  /** Who must have made the token (`iss`). */
  readonly issuer?: string | readonly string[];
  /** Whom it must be meant for (`aud`). */
  readonly audience?: string | readonly string[];
  /** Default: HMAC with a secret, and with keys all signatures of public keys. Never `none`. */
  readonly algorithms?: readonly string[];
  /** How far clocks may differ. Default 0. */
  readonly tolerance?: Duration;
  /** A cookie that has the token where the connect command has none. Default: none is looked at. */
  readonly cookie?: string;
};

/** Who a token is about. */
export interface JwtUser {
  /** The `sub` of the token. */
  readonly id: string;
  readonly claims: JwtClaims;
}

/** When the user's connections end, in milliseconds since 1970; absent where the token does not expire. */
export interface Expiring {
  readonly expires?: number;
}

type Authenticate<User> = (context: {
  readonly token: string | undefined;
  readonly request: Peer;
}) => Promise<User & Expiring>;

const HMAC = ["HS256", "HS384", "HS512"];
const SIGNATURES = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const LEAST_SECRET = 32;

/**
 * An `authenticate` that takes JSON Web Tokens: of the connect command, of an `Authorization: Bearer` header, or of a
 * cookie. Its user is the token's subject, or what `user` makes of the claims; connections end when the token expires.
 *
 * @throws {TypeError} when the options cannot work, such as a secret that is too short
 * @example tidemark({ authenticate: jwt({ jwks: "https://id.example.com/jwks.json", issuer: "https://id.example.com", audience: "chat" }) })
 * @example jwt({ secret, user: async ({ sub }) => ({ id: sub, rooms: await roomsOf(sub) }) })
 */
export function jwt<User extends object>(
  options: JwtOptions & { readonly user: (claims: JwtClaims) => User | Promise<User> },
): Authenticate<User>;
export function jwt(options: JwtOptions): Authenticate<JwtUser>;
export function jwt<User extends object>(
  options: JwtOptions & { readonly user?: (claims: JwtClaims) => User | Promise<User> },
): Authenticate<User | JwtUser> {
  const { issuer, audience, user = subject } = options;
  const { getKey, fitting } = readKey(options);
  const checks = {
    algorithms: [...(options.algorithms ?? fitting)],
    clockTolerance: duration(options.tolerance, 0, "tolerance") / 1000,
    ...(issuer !== undefined && { issuer: listOf(issuer) }),
    ...(audience !== undefined && { audience: listOf(audience) }),
  };
  return async ({ token, request }) => {
    const given =
      token ??
      bearerOf(request) ??
      (options.cookie === undefined ? undefined : cookies(request)[options.cookie]);
    if (given === undefined) throw new TidemarkError("unauthorized", "a token is needed");
    let claims: JwtClaims;
    try {
      ({ payload: claims } = await jwtVerify(given, getKey, checks));
    } catch (error) {
      throw refusal(error);
    }
    // A library that checks signatures takes whatever JSON stands there; who is no text could not be told from others.
    const sub: unknown = claims.sub;
    if (sub !== undefined && (typeof sub !== "string" || sub === ""))
      throw new TidemarkError("unauthorized", "the token's subject (sub) must be a text that is not empty");
    const found = await user(claims);
    return claims.exp === undefined
      ? found
      : { ...found, expires: claims.exp * 1000 + checks.clockTolerance * 1000 };
  };
}

function subject(claims: JwtClaims): JwtUser {
  if (claims.sub === undefined)
    throw new TidemarkError("unauthorized", "the token does not say whose it is (sub)");
  return { id: claims.sub, claims };
}

function readKey(options: JwtKey): { getKey: JWTVerifyGetKey; fitting: readonly string[] } {
  if ("jwks" in options) return { getKey: createRemoteJWKSet(new URL(options.jwks)), fitting: SIGNATURES };
  if ("secret" in options) {
    const secret =
      typeof options.secret === "string" ? new TextEncoder().encode(options.secret) : options.secret;
    if (secret.length < LEAST_SECRET) {
      throw new TypeError(
        `a secret for tokens needs at least ${LEAST_SECRET} bytes, not ${secret.length}: it could be guessed`,
      );
    }
    return { getKey: () => secret, fitting: HMAC };
  }
  const key = typeof options.key === "string" ? createPublicKey(options.key) : options.key;
  return { getKey: () => key, fitting: SIGNATURES };
}

/** What is wrong with the token is not said: whoever made it up need not know how near they came. */
function refusal(error: unknown): TidemarkError {
  if (error instanceof errors.JWTExpired)
    return new TidemarkError("token_expired", "the token has expired", { cause: error });
  const code = error instanceof errors.JOSEError ? error.code : "";
  if (/^ERR_(JWT|JWS|JOSE_ALG|JOSE_NOT|JWKS_NO_MATCHING|JWKS_MULTIPLE)/.test(code)) {
    return new TidemarkError("unauthorized", "the token was refused", { cause: error });
  }
  return new TidemarkError("unavailable", "the keys for tokens cannot be had now", { cause: error });
}

function bearerOf({ headers }: Peer): string | undefined {
  const { authorization } = headers;
  return typeof authorization === "string" ? /^Bearer +(\S+)$/i.exec(authorization)?.[1] : undefined;
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === "string" ? [value] : [...value];
}
