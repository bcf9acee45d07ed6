/**
 * Makes the request of an HTTP tool from its arguments. Pure. Arguments fill the places that the declaration gives
 * them, and can never change the host, leave the path or add a line to a header.
 */
import type { HttpMoment, HttpValue } from '../declare/http-api.ts';
import { expandPath, expandText, templateOf, textsOf, variablesOf } from '../declare/check/http-template.ts';
import { cursorArgument, type HttpGuard, type HttpSpec } from '../declare/http-tool.ts';
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import type { ToolSecrets } from './secrets.ts';
import { httpToolSpec } from '../declare/spec/http-tool.ts';
import { withDefaults } from '../declare/spec/options.ts';
import type { Settings } from './settings.ts';

export type ToolInput = Readonly<Record<string, unknown>>;

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
  secrets: ToolSecrets;
  input: ToolInput;
  runtime: Pick<Runtime, 'now'>;
}

/**
 * @param page the parameter that asks for a page; null: the first page
 * @throws TidegateError `invalid_input` naming the argument
 */
export function apiRequest(sending: Sending, page: Pair | null): HttpRequest {
  const { spec, input } = sending;
  const { method, body: kind } = withDefaults(httpToolSpec, spec);
  const written = typeof spec.url === 'string' ? spec.url : spec.url({ ...input });
  const rest = restOf(spec, written, input);
  const params = [...queryOf(sending, method === 'GET' ? rest : {}), ...(page ? [page] : [])];
  const content = method === 'GET' ? null : (spec.content?.({ ...input }, momentOf(sending)) ?? valuesOf(rest));
  const type = kind === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  return {
    url: urlOf(sending, written, params),
    method,
    headers: { ...(content === null ? {} : { 'content-type': type }), ...headersOf(sending) },
    body: content === null ? null : kind === 'form' ? formOf(content, sending.settings) : JSON.stringify(content),
  };
}

export function guardRequestOf(sending: Sending, { url, query = {} }: HttpGuard): HttpRequest {
  const params = pairsOf(sending, { ...sending.spec.api?.query, ...query });
  return { url: urlOf(sending, url, params), method: 'GET', headers: headersOf(sending), body: null };
}

/** The arguments that no other part of the request names. Each is sent under its own name. */
function restOf(spec: HttpSpec, url: string, input: ToolInput): Record<string, () => never> {
  const query = typeof spec.query === 'function' ? {} : (spec.query ?? {});
  const texts = [url, ...Object.values({ ...query, ...spec.headers })].filter((text) => typeof text === 'string');
  const named = texts.flatMap((text) => variablesOf(templateOf(text, 'url')).map(({ name }) => name));
  const left = new Set<string>([...named, ...(spec.unsent ?? []), ...Object.keys(query)]);
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

/** Parameters whose names the arguments choose never replace those that every request to the API has. */
function queryOf(sending: Sending, rest: Record<string, HttpValue>): Pair[] {
  const { api, query } = sending.spec;
  if (typeof query !== 'function') return pairsOf(sending, { ...rest, ...api?.query, ...query });
  const made = Object.entries(query({ ...sending.input }, momentOf(sending))).map(
    ([name, value]) => [name, () => value] as const,
  );
  return pairsOf(sending, { ...rest, ...Object.fromEntries(made), ...api?.query });
}

function pairsOf(sending: Sending, values: Record<string, HttpValue>): Pair[] {
  return Object.entries(values).flatMap(([name, value]) => textsFor(sending, value).map((text): Pair => [name, text]));
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

function momentOf({ runtime }: Sending): HttpMoment {
  return { now: runtime.now() };
}

function textsFor(sending: Sending, value: HttpValue): string[] {
  const { secrets, settings, input } = sending;
  if (typeof value === 'function') {
    const made = (value as (input: ToolInput, moment: HttpMoment) => unknown)({ ...input }, momentOf(sending));
    return textsOf(made, settings.arrays);
  }
  if (typeof value === 'object') return textsOf(secrets.valueOf(value), settings.arrays);
  return typeof value === 'string' ? expandText(templateOf(value, 'query'), input, settings.arrays) : [String(value)];
}

function formOf(content: unknown, { arrays }: Settings): string {
  const pairs = Object.entries((content ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    textsOf(value, arrays).map((text): [string, string] => [name, text]),
  );
  return new URLSearchParams(pairs).toString();
}
