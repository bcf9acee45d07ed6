/**
 * Checks a token that is a JWT (RFC 7519, RFC 9068): that its issuer is one of ours, and that a key of that issuer signed it.
 * What it says is judged in `claims.ts`. Headers that bring a key, or name a place for one, are not read.
 */
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type CryptoKey } from 'jose';
import type { Claims } from './claims.ts';
import type { IssuerKeys, KeySet } from './key-set.ts';

/** Signatures by a pair of keys. With a shared secret, or without a signature, everybody could write a token. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Keys that are tried where a token names none. */
const MOST_TRIED = 8;
const ACCESS_TOKEN_TYPE = /^(?:application\/)?at\+jwt$/i;

type CheckedJwt =
  | { ok: true; issuer: string; claims: Claims; saysAccessToken: boolean }
  /** `isLasting`: more keys would not change it. */
  | { ok: false; reason: string; isLasting: boolean };

/**
 * @param keySets by issuer
 * @throws TidegateError `upstream` where the issuer's keys cannot be had
 */
export async function checkJwt(token: string, keySets: ReadonlyMap<string, KeySet>): Promise<CheckedJwt> {
  const parts = partsOf(token);
  if (parts === null) return refused('it cannot be read');
  const { header, claims } = parts;
  const problem = headerProblem(header);
  if (problem !== null) return refused(problem);
  const issuer = typeof claims['iss'] === 'string' ? claims['iss'] : '';
  const keySet = keySets.get(issuer);
  if (keySet === undefined) return refused(issuerProblem(issuer, [...keySets.keys()]));

  const keys = await keySet.current();
  if (!(await isSigned(token, keys))) {
    const newer = await keySet.newerThan(keys);
    if (newer === null || !(await isSigned(token, newer))) {
      return { ok: false, reason: 'no key of its issuer signed it', isLasting: false };
    }
  }
  const { typ } = header;
  return { ok: true, issuer, claims, saysAccessToken: typeof typ === 'string' && ACCESS_TOKEN_TYPE.test(typ) };
}

interface Parts {
  header: Readonly<Record<string, unknown>>;
  claims: Claims;
}

function partsOf(token: string): Parts | null {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    return null;
  }
}

function headerProblem({ alg, typ, crit }: Parts['header']): string | null {
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) return 'its signature is of a kind that is not taken (alg)';
  if (crit !== undefined) return 'its header asks for what is not known here (crit)';
  if (typ === undefined || (typeof typ === 'string' && (ACCESS_TOKEN_TYPE.test(typ) || /^jwt$/i.test(typ))))
    return null;
  return 'it is not an access token (typ)';
}

function issuerProblem(issuer: string, configured: readonly string[]): string {
  const alike = configured.some((one) => withoutSlashes(one) === withoutSlashes(issuer));
  return alike
    ? 'its issuer differs from OAUTH_ISSUER by a slash at the end'
    : 'its issuer is none of OAUTH_ISSUER (iss)';
}

/** Without the slashes at its end, each of which is looked at once: who calls writes the issuer. */
const withoutSlashes = (issuer: string) => issuer.replace(/(?<!\/)\/+$/, '');

/**
 * Whether one of the keys signed it. A token that names no key may fit several; each is tried.
 * @throws what is neither the token's fault nor the keys'
 */
async function isSigned(token: string, { pick }: IssuerKeys): Promise<boolean> {
  try {
    await compactVerify(token, pick, { algorithms: ALGORITHMS });
    return true;
  } catch (thrown) {
    if (!(thrown instanceof errors.JWKSMultipleMatchingKeys)) return false;
    let tried = 0;
    for await (const key of thrown) {
      if (++tried > MOST_TRIED) return false;
      if (await isSignedBy(token, key)) return true;
    }
    return false;
  }
}

async function isSignedBy(token: string, key: CryptoKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: ALGORITHMS });
    return true;
  } catch {
    return false;
  }
}

function refused(reason: string): CheckedJwt {
  return { ok: false, reason, isLasting: true };
}
