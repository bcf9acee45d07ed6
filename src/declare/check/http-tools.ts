/**
 * Checks the HTTP tools of an app: the options of each, that templates name existing arguments, and that options fit
 * together. This file is pure. When the app is served, other code checks whether an address may be asked and whether
 * the secrets are there.
 */
import * as z from 'zod';
import type { Problem } from '../problem.ts';
import type { Tool } from '../tool.ts';
import type { HttpValue } from '../http-api.ts';
import { readTemplate, variablesOf } from './http-template.ts';
import { cursorArgument, type HttpSpec, type HttpTool, isHttpTool, isSafe } from '../http-tool.ts';
import { apiSpec, httpToolSpec, limitSpec, valuesSpec } from '../spec/http-tool.ts';
import { knownName } from '../../base/known-names.ts';
import { optionProblems } from '../spec/option-problems.ts';
import { isBroken, specProblems } from '../spec/problems.ts';

const TEMPLATE = 'a text in which braces stand around the names of arguments only';

export function checkHttpTools(tools: Readonly<Record<string, Tool>> | undefined, problems: Problem[]): void {
  const apis = new Set<string>();
  const judged = new Set<unknown>();
  for (const [name, tool] of Object.entries(tools ?? {})) {
    if (!isDeclaredHttp(tool)) continue;
    const path = `tools.${name}`;
    const found = optionProblems(httpToolSpec, tool.http, path);
    found.push(...limitProblems(tool.http.rateLimit, `${path}.rateLimit`));
    const { query } = tool.http;
    if (typeof query !== 'function') {
      const wrong = specProblems(valuesSpec, query, `${path}.query`);
      found.push(...wrong.filter((problem) => !isBroken(found, problem.path)));
    }
    if (!judged.has(tool.http.api)) checkApi(tool.http, `${path}.api`, apis, found);
    judged.add(tool.http.api);
    checkTogether(tool.http, path, found);
    for (const part of ['url', 'query', 'headers', 'unsent', 'paging', 'guard'] as const) {
      const isHidden = part === 'url' && found.some((problem) => problem.path === `${path}.api`);
      if (!isHidden && !isBroken(found, `${path}.${part}`)) checkPart[part](tool.http, `${path}.${part}`, found);
    }
    problems.push(...found);
  }
}

/** Whether a value is an HTTP tool. It accepts any value, because nothing was checked yet. */
export function isDeclaredHttp(tool: unknown): tool is HttpTool {
  return (
    typeof tool === 'object' && tool !== null && 'kind' in tool && tool.kind === 'tool' && isHttpTool(tool as Tool)
  );
}

function checkApi({ api }: HttpSpec, path: string, apis: Set<string>, problems: Problem[]): void {
  if (api === undefined) return;
  if (typeof api !== 'object' || api === null || api.kind !== 'api') {
    problems.push({ path, expected: 'api({ name, url, … })' });
    return;
  }
  const found = [...optionProblems(apiSpec, api, path), ...limitProblems(api.rateLimit, `${path}.rateLimit`)];
  if (apis.has(api.name))
    found.push({ path: `${path}.name`, expected: 'a name that no other API has', found: api.name });
  apis.add(api.name);
  if (typeof api.url === 'string' && !isBroken(found, `${path}.url`))
    found.push(...absoluteProblems(api.url, api.allow, `${path}.url`));
  problems.push(...found);
}

function limitProblems(limit: unknown, path: string): Problem[] {
  return limit === undefined ? [] : specProblems(limitSpec(limit), limit, path);
}

function absoluteProblems(url: string, allow: readonly string[] | undefined, path: string): Problem[] {
  // A brace in the host would belong to an argument. Elsewhere it does not change how the URL is read.
  const [, origin = ''] = /^([a-z]+:\/\/[^/?#]*)/i.exec(url) ?? [];
  if (origin.includes('{')) return [{ path, expected: 'a host without arguments', found: url }];
  if (!URL.canParse(url)) return [{ path, expected: 'an absolute https URL', found: url }];
  const { protocol, username, password, hash } = new URL(url);
  if (username !== '' || password !== '' || hash !== '') {
    return [{ path, expected: 'an URL without credentials and without #; a secret goes into headers or query' }];
  }
  if (protocol === 'https:' || (protocol === 'http:' && (allow ?? []).length > 0)) return [];
  return [{ path, expected: 'an https URL, or one of http whose host is in allow', found: url }];
}

/** Finds options that are right by themselves and do not fit together. */
function checkTogether(spec: HttpSpec, path: string, problems: Problem[]): void {
  const { output, item, paging, cache, method, body, content, format, pick } = spec;
  const say = (part: string, expected: string) => problems.push({ path: `${path}.${part}`, expected });
  if (output !== undefined && item !== undefined) say('item', 'either item or output');
  if (paging !== undefined && item === undefined) say('item', 'the schema of an item, because there is paging');
  if (cache !== undefined && !isSafe(spec)) say('cache', 'a GET, or annotations that say readOnlyHint: true');
  if (method !== 'POST' && body !== undefined) say('body', 'no body, because the method is GET');
  if (method !== 'POST' && content !== undefined) say('content', 'no content, because the method is GET');
  if (format === 'text' && typeof pick === 'string') say('pick', 'a function, because the body is a text');
}

/** Returns what is wrong with naming this argument, or null where nothing is. */
function unknownArgument({ input }: HttpSpec, name: string): string | null {
  if (input !== undefined && !(input instanceof z.ZodObject)) return null;
  const names = Object.keys(input?.shape ?? {});
  return names.includes(name) ? null : knownName(name, names, 'arguments');
}

function checkUrl(spec: HttpSpec, url: unknown, path: string, problems: Problem[]): void {
  if (typeof url !== 'string') {
    if (spec.api === undefined) problems.push({ path, expected: 'a text, or a function beside an api' });
    return;
  }
  if (spec.api === undefined) problems.push(...absoluteProblems(url, spec.allow, path));
  else if (!url.startsWith('/')) problems.push({ path, expected: 'a path that begins with /', found: url });
  const template = readTemplate(url);
  if (template === null) {
    problems.push({ path, expected: TEMPLATE, found: url });
    return;
  }
  if (/[?#].*\{/.test(url) || url.includes('#')) {
    problems.push({ path, expected: 'arguments in its path alone; the others go into query', found: url });
  }
  for (const { name } of variablesOf(template)) {
    const expected = unknownArgument(spec, name) ?? (mayBeMissing(spec, name) ? `${name} not to be optional` : null);
    if (expected !== null) problems.push({ path, expected, found: `{${name}}` });
  }
}

function mayBeMissing({ input }: HttpSpec, name: string): boolean {
  const schema = input instanceof z.ZodObject ? (input.shape[name] as z.ZodType | undefined) : undefined;
  const empty = schema?.safeParse(undefined);
  return empty?.success === true && (empty.data === undefined || empty.data === null);
}

function checkValues(
  spec: HttpSpec,
  values: Record<string, HttpValue> | undefined,
  path: string,
  problems: Problem[],
): void {
  for (const [key, value] of Object.entries(values ?? {})) {
    if (typeof value !== 'string') continue;
    const template = readTemplate(value);
    if (template === null) problems.push({ path: `${path}.${key}`, expected: TEMPLATE, found: value });
    for (const { name } of variablesOf(template ?? [])) {
      const expected = unknownArgument(spec, name);
      if (expected !== null) problems.push({ path: `${path}.${key}`, expected, found: `{${name}}` });
    }
  }
}

const checkPart = {
  url: (spec: HttpSpec, path: string, problems: Problem[]) => checkUrl(spec, spec.url, path, problems),
  query: (spec: HttpSpec, path: string, problems: Problem[]) =>
    checkValues(spec, typeof spec.query === 'function' ? {} : spec.query, path, problems),
  headers: (spec: HttpSpec, path: string, problems: Problem[]) => checkValues(spec, spec.headers, path, problems),
  unsent(spec: HttpSpec, path: string, problems: Problem[]) {
    for (const [index, name] of (spec.unsent ?? []).entries()) {
      const expected = unknownArgument(spec, name);
      if (expected !== null) problems.push({ path: `${path}.${index}`, expected, found: name });
    }
  },
  paging(spec: HttpSpec, path: string, problems: Problem[]) {
    const full = spec.paging && 'full' in spec.paging ? spec.paging.full : undefined;
    if (typeof full !== 'string') return;
    const expected = full === cursorArgument(spec) ? 'another argument than the cursor' : unknownArgument(spec, full);
    if (expected !== null) problems.push({ path: `${path}.full`, expected, found: full });
  },
  guard(spec: HttpSpec, path: string, problems: Problem[]) {
    if (spec.guard === undefined) return;
    checkUrl(spec, spec.guard.url, `${path}.url`, problems);
    checkValues(spec, spec.guard.query, `${path}.query`, problems);
  },
};
