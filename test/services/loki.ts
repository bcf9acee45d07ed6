/**
 * A server on 127.0.0.1 that behaves as Loki does, as far as its log queries, labels and index statistics go: matchers with
 * `=`, line filters with `|=`, tenants, a token, limits, and errors in plain text.
 */
import type { RequestListener, ServerResponse } from 'node:http';
import { type HttpSource, startHttpSource } from './http-feed.ts';

export interface LogLine {
  labels: Record<string, string>;
  /** Epoch ms. */
  at: number;
  line: string;
}

export interface Loki extends HttpSource {
  /** Adds to a tenant's logs. */
  push(tenant: string, ...lines: LogLine[]): void;
  /** What the index says that a query would read; null: it has no statistics (404). */
  bytes: number | null;
}

export const TOKEN = 'a-token-of-the-test';
const HOUR_MS = 3_600_000;
const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: HOUR_MS };

/** @param now epoch ms */
export async function startLoki(now: () => number): Promise<Loki> {
  const source = await startHttpSource();
  const tenants = new Map<string, LogLine[]>();
  const paths = ['query_range', 'labels', 'label/app/values', 'label/none/values', 'index/stats'];

  const answer: RequestListener = (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return plain(response, 401, 'unauthorized');
    const tenant = request.headers['x-scope-orgid'];
    if (tenant === undefined) return plain(response, 401, 'no org id');
    const all = tenants.get(String(tenant)) ?? [];
    const from = timeOf(query.get('start')) ?? now() - (spanOf(query.get('since')) ?? HOUR_MS);
    const to = timeOf(query.get('end')) ?? now();
    const lines = all.filter(({ at }) => at >= from && at < to);
    if (pathname.endsWith('/labels')) return list(response, names(lines.flatMap(({ labels }) => Object.keys(labels))));
    if (pathname.endsWith('/values')) {
      const label = pathname.split('/').at(-2) ?? '';
      return list(response, names(lines.flatMap(({ labels }) => labels[label] ?? [])));
    }
    const text = query.get('query') ?? '';
    const matches = matcherOf(text);
    if (matches === null)
      return plain(response, 400, `parse error at line 1, col 1: syntax error: unexpected ${text.slice(0, 5)}`);
    const found = lines.filter(matches);
    if (pathname.endsWith('/stats')) {
      if (loki.bytes === null) return plain(response, 404, '404 page not found');
      return json(response, {
        streams: names(found.map(({ labels }) => JSON.stringify(labels))).length,
        chunks: 1,
        bytes: loki.bytes,
        entries: found.length,
      });
    }
    return data(response, { resultType: 'streams', result: streamsOf(found, Number(query.get('limit') ?? 100)) });
  };
  for (const path of paths) source.on(`/loki/api/v1/${path}`, answer);

  const loki: Loki = {
    ...source,
    bytes: 1_000,
    push: (tenant, ...lines) => void tenants.set(tenant, [...(tenants.get(tenant) ?? []), ...lines]),
  };
  return loki;
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function data(response: ServerResponse, content: unknown): void {
  json(response, { status: 'success', data: content });
}

/** Without `data` where there is none, as Loki does. */
function list(response: ServerResponse, found: string[]): void {
  json(response, { status: 'success', ...(found.length === 0 ? {} : { data: found }) });
}

function names(all: readonly string[]): string[] {
  return [...new Set(all)].toSorted();
}

/** Nanoseconds, seconds or RFC 3339. */
function timeOf(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{19}$/.test(text)) return Number(text.slice(0, 13));
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
}

function spanOf(text: string | null): number | null {
  const [, amount, unit = ''] = /^(\d+)([smh])$/.exec(text ?? '') ?? [];
  return amount === undefined ? null : Number(amount) * (UNITS[unit] ?? 0);
}

/** Null for what is no log query. */
function matcherOf(text: string): ((line: LogLine) => boolean) | null {
  const [, inner, filter] = /^\{([^{}]*)\}(?:\s*\|=\s*"([^"]*)")?$/.exec(text.trim()) ?? [];
  const pairs = [...(inner ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  if (inner === undefined || pairs.length === 0) return null;
  return ({ labels, line }) => pairs.every(([name, value]) => labels[name] === value) && line.includes(filter ?? '');
}

/** The newest `limit` lines, by stream, each with its time in nanoseconds. */
function streamsOf(lines: readonly LogLine[], limit: number): unknown[] {
  const streams = new Map<string, { stream: Record<string, string>; values: [string, string][] }>();
  for (const { labels, at, line } of lines.toSorted((a, b) => b.at - a.at).slice(0, limit)) {
    const key = JSON.stringify(labels);
    const stream = streams.get(key) ?? { stream: labels, values: [] };
    stream.values.push([`${at}000000`, line]);
    streams.set(key, stream);
  }
  return [...streams.values()];
}
