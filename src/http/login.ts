/**
 * Logins of pages of the server's own, which should not keep a credential where scripts can read it: `POST /login` takes a key or a token for a sealed cookie, which `GET /login` tells of and `POST /logout` takes back.
 *
 * A cookie counts for the server's own origin alone, whatever `ALLOWED_ORIGINS` says, and with a write only beside the token of
 * `GET /login`: a page elsewhere can make a browser send a cookie, but cannot read that token. Where a request brings
 * `Authorization`, its cookie is not looked at.
 */
import { createEndedLogins } from '../auth/login/ended-logins.ts';
import { cookieIn, createLoginCookies, LOGIN_MS, type Login } from '../auth/login/login-cookie.ts';
import { createLoginFailures } from '../auth/login/login-failures.ts';
import { isLoopback, readHostname } from '../base/config/origins.ts';
import { asTidegateError, TidegateError, invalidInput } from '../base/errors.ts';
import { type Json, parseJson, sentJsonResponse } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Secrets } from '../base/seal.ts';
import { bareType } from '../net/media-type.ts';
import type { Store } from '../store/store.ts';
import type { Audit } from '../streams/audit.ts';
import { type Authenticate, bearerOf } from './authenticate.ts';
import type { Bodies } from './bodies/bodies.ts';
import type { Edge } from './edge.ts';
import { baseOf } from './origin.ts';
import {
  foreignResponse,
  problemResponse,
  unauthorizedResponse,
  unidentifiedResponse,
  unwrittenResponse,
} from './problem.ts';
import type { CountRequest } from './request-limit.ts';
import { isSecureUrl } from './safe-headers.ts';

interface LoginOptions {
  app: string;
  secrets: Secrets;
  runtime: Runtime;
  /** Keeps which logins were ended. */
  store: Store;
  /** By `Authorization`, which is all that it is given. */
  authenticate: Authenticate;
  publicUrl: string | null;
  bodies: Bodies;
  audit: Audit | undefined;
  /** Counts the requests of each caller to these routes. Null: nobody does. */
  count: CountRequest | null;
}

export interface LoginRoutes {
  /** Who sends a request with a login cookie, or the response that refuses it. */
  authenticate: Authenticate;
  logIn(request: Request, edge: Edge): Promise<Response>;
  show(request: Request): Promise<Response>;
  logOut(request: Request): Promise<Response>;
}

const BODY_BYTES = 16_384;
const TOKEN_HEADER = 'x-csrf-token';
const NAME = 'tidegate-login';
/** Browsers take it from a secure answer alone, for this host and every path. */
const SECURE_NAME = `__Host-${NAME}`;
const READS = new Set(['GET', 'HEAD']);

export function createLoginRoutes({
  app,
  secrets,
  runtime,
  store,
  authenticate,
  publicUrl,
  bodies,
  audit,
  count,
}: LoginOptions): LoginRoutes {
  const cookies = createLoginCookies(secrets, app, runtime);
  const ended = createEndedLogins(store, runtime);
  const failures = createLoginFailures(runtime);

  /** Whether browsers keep to https here; null: they do not, and others may read what is sent. */
  function isSecure(request: Request): boolean | null {
    const base = publicUrl ?? baseOf(request);
    if (isSecureUrl(base)) return true;
    return isLoopback(readHostname(new URL(base).host) ?? '') ? false : null;
  }

  /** What no browser sends passes: it brings no cookie that somebody else made it send. */
  function isOwnPage(request: Request): boolean {
    const site = request.headers.get('sec-fetch-site');
    if (site !== null && site !== 'same-origin' && site !== 'none') return false;
    const origin = request.headers.get('origin');
    return origin === null || origin === new URL(publicUrl ?? baseOf(request)).origin;
  }

  /** Null: there is none, or none that stands. A response: whether one stands cannot be found out now. */
  async function loginOf(request: Request): Promise<Login | Response | null> {
    const secure = isSecure(request);
    if (secure === null || !isOwnPage(request)) return null;
    const cookie = cookieIn(request.headers, secure ? SECURE_NAME : NAME);
    const login = cookie === null ? null : await cookies.read(cookie);
    try {
      return login === null || (await ended.has(login)) ? null : login;
    } catch (thrown) {
      const error = asTidegateError(thrown);
      runtime.log('error', `whether a login was ended cannot be found out: ${error.message}`, { code: error.code });
      return unidentifiedResponse(error);
    }
  }

  /** Who sends it, counted. */
  async function counted(principal: Principal | Response): Promise<Principal | Response> {
    if (principal instanceof Response) return principal;
    const refusal = await count?.(principal);
    return refusal ? problemResponse(refusal) : principal;
  }

  async function identify(request: Request, credential: string): Promise<Principal | Response> {
    const headers = new Headers(request.headers);
    headers.set('Authorization', `Bearer ${credential}`);
    return authenticate(bodiless(request, headers));
  }

  /** As `identify`; an error where too many have failed. That it cannot be found out who it is is no failure. */
  async function identifyOnce(request: Request, credential: string): Promise<Principal | Response | TidegateError> {
    const login = failures.begin();
    if (login instanceof TidegateError) return login;
    let hasFailed = false;
    try {
      const identified = await identify(request, credential);
      hasFailed = identified instanceof Response && identified.status < 500;
      return identified;
    } finally {
      if (!hasFailed) login.forgive();
    }
  }

  async function told(principal: Principal, login: Login, headers: Record<string, string> = {}): Promise<Response> {
    const { tenant, subject } = principal;
    const csrf = await cookies.writeToken(login);
    const expiresAt = new Date(login.expiresAt).toISOString();
    return sentJsonResponse({ tenant, subject, csrf, expiresAt }, { headers });
  }

  function setCookie(request: Request, value: string, seconds: number): Record<string, string> {
    const secure = isSecure(request) === true;
    const attributes = `Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
    return { 'Set-Cookie': `${secure ? SECURE_NAME : NAME}=${value}; ${attributes}` };
  }

  return {
    async authenticate(request) {
      const login = await loginOf(request);
      if (login instanceof Response) return login;
      // Also what comes from elsewhere: it is nobody, with the cookie as without it.
      if (login === null) return authenticate(withoutCookie(request));
      if (!READS.has(request.method)) {
        const token = request.headers.get(TOKEN_HEADER);
        if (token === null || !(await cookies.isWriteToken(token, login))) return unwrittenResponse();
      }
      return identify(request, login.credential);
    },

    async logIn(request, { body: source }) {
      if (!isOwnPage(request)) return foreignResponse();
      if (isSecure(request) === null) return problemResponse(insecure());
      const credential = bearerOf(request) ?? (await credentialIn(request, bodies, source));
      if (credential instanceof TidegateError) return problemResponse(credential);
      const identified = await identifyOnce(request, credential);
      if (identified instanceof TidegateError) return problemResponse(identified);
      const principal = await counted(identified);
      if (principal instanceof Response) {
        if (principal === identified && principal.status < 500)
          await audit?.refused(null, { target: 'login', code: 'unauthorized' });
        return principal;
      }
      const made = await cookies.make(credential);
      if (made === null) return problemResponse(tooLarge());
      await audit?.note(principal, { action: 'login', target: null });
      return told(principal, made.login, setCookie(request, made.cookie, LOGIN_MS / 1_000));
    },

    async show(request) {
      const login = await loginOf(request);
      if (login instanceof Response) return login;
      const asked = login ? identify(request, login.credential) : authenticate(withoutCookie(request));
      const principal = await counted(await asked);
      if (principal instanceof Response) return principal;
      return login ? told(principal, login) : unauthorizedResponse();
    },

    async logOut(request) {
      if (!isOwnPage(request)) return foreignResponse();
      const login = await loginOf(request);
      if (login instanceof Response) return login;
      const away = { status: 204, headers: setCookie(request, '', 0) };
      if (login === null) return new Response(null, away);
      const principal = await counted(await identify(request, login.credential));
      if (principal instanceof Response) {
        // What its credential no longer lets in has ended.
        return principal.status === 401 ? new Response(null, away) : principal;
      }
      await ended.add(login);
      await audit?.note(principal, { action: 'logout', target: null });
      return new Response(null, away);
    },
  };
}

function withoutCookie(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete('cookie');
  headers.delete('authorization');
  return bodiless(request, headers);
}

/** What an `authenticate` may read of a request: all but its body. */
function bodiless({ url, method }: Request, headers: Headers): Request {
  return new Request(url, { method, headers });
}

async function credentialIn(request: Request, bodies: Bodies, source: Edge['body']): Promise<string | TidegateError> {
  // A form of a page elsewhere cannot send this type without asking first.
  if (bareType(request.headers.get('content-type')) !== 'application/json')
    return invalidInput('Content-Type', 'application/json, or Authorization: Bearer …');
  const body = await bodies.read(request, BODY_BYTES, source);
  if (!body.ok) return invalidInput('body', body.expected);
  const credential = memberOf(body.text, 'credential');
  if (typeof credential === 'string' && /^[\x21-\x7E]+$/.test(credential)) return credential;
  return invalidInput('body.credential', 'a key or a token, as a text');
}

/** What a parser says of a text that is no JSON quotes it, and is told to nobody. */
function memberOf(text: string, name: string): Json {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value[name] ?? null) : null;
  } catch {
    return null;
  }
}

function insecure(): TidegateError {
  return new TidegateError('not_supported', 'A login needs https, so that nobody on the way reads it', {
    field: 'PUBLIC_URL',
    hint: 'where a proxy in front of the server takes https, set PUBLIC_URL to its URL',
  });
}

function tooLarge(): TidegateError {
  return new TidegateError('too_large', 'The token does not fit into a cookie', {
    field: 'credential',
    hint: 'log in with a key, or with a token of fewer claims',
  });
}
