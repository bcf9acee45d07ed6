/**
 * What a login cookie holds: the credential that it was made of, sealed, so that nobody who reads the cookie can read it. The
 * credential is identified anew with each request, so a login ends when its key is revoked or its token expires, and never
 * reaches further than they do. It needs the secret of the server and keeps nothing; `ended-logins.ts` keeps which were ended.
 */
import * as z from 'zod';
import type { Runtime } from '../../base/runtime.ts';
import { createSealer, type Secrets } from '../../base/seal.ts';
import { sealedText } from '../../base/sealed-text.ts';

export interface Login {
  credential: string;
  /** Chosen at random; what the tokens against forged writes are bound to. */
  id: string;
  /** Epoch ms. */
  expiresAt: number;
}

interface LoginCookies {
  /** Null: the credential is too large for a cookie. */
  make(credential: string): Promise<{ cookie: string; login: Login } | null>;
  /** Null for whatever was not made here, or has expired. */
  read(cookie: string): Promise<Login | null>;
  /** The token that a page of the server's own sends with its writes. Each is good as long as the login. */
  writeToken(login: Login): Promise<string>;
  isWriteToken(text: string, login: Login): Promise<boolean>;
}

export const LOGIN_MS = 12 * 3_600_000;
/** Browsers take 4,096 bytes for a cookie with its name and attributes. */
const MOST_CHARACTERS = 3_800;
const COOKIE = 'cookie';

const login = sealedText('login', () => z.strictObject({ credential: z.string(), id: z.string() }));
const write = sealedText('write', () => z.null());

/** @param app its name: a cookie of one app is none of another that has the same secret */
export function createLoginCookies(
  secrets: Secrets,
  app: string,
  { now, newId }: Pick<Runtime, 'now' | 'newId'>,
): LoginCookies {
  const sealer = createSealer(secrets, `${app}/login`);
  return {
    async make(credential) {
      const made: Login = { credential, id: newId(), expiresAt: now() + LOGIN_MS };
      const terms = { bound: COOKIE, expiresAt: made.expiresAt };
      const cookie = await login.seal(sealer, { credential, id: made.id }, terms);
      return cookie.length > MOST_CHARACTERS ? null : { cookie, login: made };
    },
    async read(cookie) {
      const opened = await login.open(sealer, cookie, COOKIE, now());
      if (!opened.ok || opened.expiresAt === null) return null;
      return { ...opened.value, expiresAt: opened.expiresAt };
    },
    writeToken: ({ id, expiresAt }) => write.seal(sealer, null, { bound: `write ${id}`, expiresAt }),
    isWriteToken: async (text, { id }) => (await write.open(sealer, text, `write ${id}`, now())).ok,
  };
}

/** The value of a cookie. Null where there is none, or more than one: one of them was set by somebody else. */
export function cookieIn(headers: Headers, name: string): string | null {
  const pairs = (headers.get('cookie') ?? '').split(/; */);
  const found = pairs.filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? (found[0]?.slice(name.length + 1) ?? null) : null;
}
