/** An issuer whose every answer a test decides, on a real HTTP server of this machine. It is no authorization server. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface SigningKey {
  alg: string;
  kid: string;
  publicJwk: JWK;
  privateKey: CryptoKey;
}

export interface ScriptedIssuer {
  /** With the path, where it has one. */
  url: string;
  origin: string;
  /** What each path answers. Another path is 404. A function may leave the answer open. */
  answers: Map<string, unknown>;
  /** Paths in the order in which they were asked. */
  asked: string[];
  /** The last request to introspection. */
  introspected: { authorization: string | undefined; form: URLSearchParams }[];
  publish(keys: readonly SigningKey[]): void;
  close(): Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export async function newKey(alg = 'RS256', kid = `${alg}-1`): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey };
}

export async function startIssuer(path = ''): Promise<ScriptedIssuer> {
  const answers = new Map<string, unknown>();
  const asked: string[] = [];
  const introspected: ScriptedIssuer['introspected'] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://issuer');
    asked.push(pathname);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const answer = answers.get(pathname);
      if (pathname === '/introspect') {
        introspected.push({ authorization: request.headers.authorization, form: new URLSearchParams(body) });
      }
      if (typeof answer === 'function') {
        (answer as Answer)(request, response, body);
        return;
      }
      response.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(answer ?? {}));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${origin}${path}`;
  answers.set(`/.well-known/oauth-authorization-server${path}`, {
    issuer: url,
    jwks_uri: `${origin}/keys`,
    introspection_endpoint: `${origin}/introspect`,
  });
  return {
    url,
    origin,
    answers,
    asked,
    introspected,
    publish: (keys) => void answers.set('/keys', { keys: keys.map(({ publicJwk }) => publicJwk) }),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** What a test changes of a token. Undefined takes a claim or a header away. */
export interface Change {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** @param at epoch ms at which it is issued; it is valid for five minutes */
export function signToken(key: SigningKey, claims: Record<string, unknown>, at: number, header: object = {}) {
  const seconds = Math.floor(at / 1_000);
  const whole = { iat: seconds, exp: seconds + 300, ...claims };
  const protectedHeader = { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header };
  return new SignJWT(JSON.parse(JSON.stringify(whole)) as Record<string, unknown>)
    .setProtectedHeader(JSON.parse(JSON.stringify(protectedHeader)) as { alg: string })
    .sign(key.privateKey);
}
