/**
 * Fetch on Node. With `addresses` the connection goes to an address that was checked, and never asks a name server again,
 * so an answer that changes between check and connect (DNS rebinding) reaches nothing. TLS still verifies the name. A body
 * that ends early is an error, also where it is packed (unpack.ts). It follows no redirect, whatever `redirect` says.
 */
import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Fetch } from '../../base/runtime.ts';

/** Statuses whose answers have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** Bytes of a body that are read ahead of who takes them: of chunks of one byte, all that a turn of the loop has time for. */
const AHEAD_BYTES = 16_384;

const SAID = /^[\t -~]*$/;

export const nodeFetch: Fetch = async (input, { addresses, ...init } = {}) => {
  // Loaded on first use, so that a process that asks nothing does not wait for it.
  const [{ default: undici }, { ACCEPTED_CODINGS, unpack, webStream }] = await Promise.all([
    import('undici'),
    import('./unpack.ts'),
  ]);
  const asked = new Request(input, init);
  const headers = { accept: '*/*', 'accept-encoding': ACCEPTED_CODINGS, ...Object.fromEntries(asked.headers) };
  // One agent per exchange, because the addresses are those of one check; no pipelining means no connection is kept.
  const pinned = addresses && new undici.Agent({ pipelining: 0, connect: { lookup: lookupIn(addresses) } });
  const answer = await undici.request(asked.url, {
    method: asked.method as 'GET',
    headers,
    body: asked.body === null ? null : new Uint8Array(await asked.arrayBuffer()),
    signal: asked.signal,
    highWaterMark: AHEAD_BYTES,
    ...(pinned === undefined ? {} : { dispatcher: pinned }),
  });
  if (answer.statusCode < 200 || answer.statusCode > 599) {
    answer.body.on('error', () => {}).destroy();
    throw new TypeError(`it answered with the status ${answer.statusCode}, which HTTP does not have`);
  }
  // The words beside a status mean nothing, and what is no text of HTTP cannot be handed on.
  const statusText = SAID.test(answer.statusText) ? answer.statusText : '';
  const told = { status: answer.statusCode, statusText, headers: headersOf(answer.headers) };
  if (BODILESS.has(told.status) || asked.method === 'HEAD') {
    answer.body.on('error', () => {}).resume();
    return new Response(null, told);
  }
  const body = unpack(answer.body, told.headers.get('content-encoding') ?? '');
  return new Response(webStream(body), told);
};

function headersOf(given: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(given)) {
    for (const value of [values ?? []].flat()) headers.append(name, value);
  }
  return headers;
}

/** A name lookup that knows one answer. */
export function lookupIn(addresses: readonly string[]): LookupFunction {
  const known: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  return (host, options, callback) => {
    const wanted = options.family ? Number(String(options.family).replace('IPv', '')) : null;
    const fitting = wanted === null ? known : known.filter(({ family }) => family === wanted);
    const [first] = fitting;
    if (!first) callback(Object.assign(new Error(`no checked address of ${host}`), { code: 'ENOTFOUND' }), '', 0);
    else if (options.all) callback(null, fitting);
    else callback(null, first.address, first.family);
  };
}
