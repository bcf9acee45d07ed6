/**
 * The request that an HTTP tool makes of its arguments. Pure. Arguments fill places that the declaration gave them, and no
 * other: never the host, never another path, never a header's second line.
 */
import type { HttpValue } from '../../core/declaration/http-api.ts';
import { expandPath, expandText, templateOf, textsOf, variablesOf } from '../../core/declaration/http-template.ts';
import { cursorArgument, type HttpGuard, type HttpSpec } from '../../core/declaration/http-tool.ts';
import { TidegateError } from '../../core/errors.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';

export type Input = Readonly<Record<string, unknown>>;

export interface HttpRequest {
  url: string;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string | null;
}

/** Name and value, not encoded. */
type Pair = readonly [string, string];

interface Sending {
  spec: HttpSpec;
  settings: Settings;
  secrets: Secrets;
  input: Input;
}

/** @param page what leads to the page that is wanted; null: the first. @throws TidegateError `invalid_input` naming the argument */
export function requestOf(sending: Sending, page: Pair | null): HttpRequest {
  const { spec, input } = sending;
  const method = spec.method ?? 'GET';
  const written = typeof spec.url === 'string' ? spec.url : spec.url({ ...input });
  const rest = restOf(spec, written, input);
  const params = [...pairsOf(sending, { ...(method === 'GET' ? rest : {}), ...spec.query }), ...(page ? [page] : [])];
  const kind = spec.body ?? 'json';
  const content = method === 'GET' ? null : (spec.content?.({ ...input }) ?? valuesOf(rest));
  const type = kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  return {
    url: urlOf(sending, written, params),
    method,
    headers: { ...(content === null ? {} : { 'content-type': type }), ...headersOf(sending) },
    body: content === null ? null : kind === 'form' ? formOf(content, sending.settings) : JSON.stringify(content),
  };
}

export function guardRequestOf(sending: Sending, { url, query = {} }: HttpGuard): HttpRequest {
  const params = pairsOf(sending, query);
  return { url: urlOf(sending, url, params), method: 'GET', headers: headersOf(sending), body: null };
}

/** The arguments that nothing else names, each to be sent as it is. */
function restOf(spec: HttpSpec, url: string, input: Input): Record<string, () => never> {
  const texts = [url, ...Object.values({ ...spec.query, ...spec.headers })].filter((text) => typeof text === 'string');
  const named = texts.flatMap((text) => variablesOf(templateOf(text, 'url')).map(({ name }) => name));
  const left = new Set<string>([...named, ...(spec.unsent ?? []), ...Object.keys(spec.query ?? {})]);
  const cursor = cursorArgument(spec);
  if (cursor !== null) left.add(cursor);
  const rest = Object.entries(input).filter(([name, value]) => !left.has(name) && value !== undefined);
  return Object.fromEntries(rest.map(([name, value]) => [name, () => value as never]));
}

function valuesOf(rest: Record<string, () => unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value()]));
}

function urlOf({ settings, input }: Sending, written: string, params: readonly Pair[]): string {
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(written) ?? [];
  const expanded = `${settings.base}${expandPath(templateOf(path, 'url'), input)}`;
  const first = settings.base === '' ? originOf(path) : originOf(settings.base);
  if (!URL.canParse(expanded) || new URL(expanded).origin !== first) {
    throw new TidegateError('internal', 'the arguments lead to another host than the declaration names');
  }
  const encoded = params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const all = [...(query === '' ? [] : [query]), ...encoded].join('&');
  return all === '' ? expanded : `${expanded}?${all}`;
}

function originOf(url: string): string {
  const [origin = ''] = /^[a-z]+:\/\/[^/?#]+/i.exec(url) ?? [];
  return URL.canParse(origin) ? new URL(origin).origin : '';
}

function pairsOf(sending: Sending, own: Record<string, HttpValue>): Pair[] {
  const all: Record<string, HttpValue> = { ...sending.spec.api?.query, ...own };
  return Object.entries(all).flatMap(([name, value]) => textsFor(sending, value).map((text): Pair => [name, text]));
}

function headersOf(sending: Sending): Record<string, string> {
  const { api, headers, format } = sending.spec;
  const sent: Record<string, string> = { accept: format === 'text' ? '*/*' : 'application/json' };
  for (const [name, value] of Object.entries<HttpValue>({ ...api?.headers, ...headers })) {
    const texts = textsFor(sending, value);
    if (texts.length > 0) sent[name.toLowerCase()] = texts.join(', ');
  }
  return sent;
}

function textsFor({ secrets, settings, input }: Sending, value: HttpValue): string[] {
  if (typeof value === 'function') return textsOf((value as (input: Input) => unknown)({ ...input }), settings.arrays);
  if (typeof value === 'object') return [secrets.valueOf(value)];
  return typeof value === 'string' ? expandText(templateOf(value, 'query'), input, settings.arrays) : [String(value)];
}

function formOf(content: unknown, { arrays }: Settings): string {
  const pairs = Object.entries((content ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    textsOf(value, arrays).map((text): [string, string] => [name, text]),
  );
  return new URLSearchParams(pairs).toString();
}
