/**
 * What the specifications of HTTP and WebSocket feeds share: paths, headers, hosts, and the judgement of a URL. It knows
 * no option by its name. Pure.
 */
import * as z from 'zod';
import type { Problem } from '../../declare/problem.ts';
import { isSecret, secretExpected, type Secret } from '../../declare/secret.ts';
import { hidden, judged } from '../../declare/spec/options.ts';
import { isBroken } from '../../declare/spec/problems.ts';
import { isPath } from '../../base/json-path.ts';
import { checkTarget } from '../../net/fetch-target.ts';
import { headerExpected } from '../../net/request-headers.ts';

/** A mistake in an option, at a path below it; `[]` is the option itself. */
export interface MistakeWithin {
  at: string[];
  expected: string;
}

/** An option that a function judges piece by piece, where a schema could not say which form was meant. */
export const judgedWithin = <Type>(mistakesIn: (value: unknown) => readonly MistakeWithin[]) =>
  z.custom<Type>().superRefine((value, context) => {
    for (const { at, expected } of mistakesIn(value)) context.addIssue({ code: 'custom', path: at, message: expected });
  });

/** A path into JSON; the empty one is the whole. */
export const pathOrWhole = (example: string) =>
  judged<string>(`a path such as ${example}`, (value) => typeof value === 'string' && isPath(value));

/** A path to a field. */
export const pathTo = (example: string) =>
  judged<string>(`a path such as ${example}`, (value) => typeof value === 'string' && value !== '' && isPath(value));

/** Headers by name, with texts or secrets, or a function that answers them. No message shows a value. */
export const headersOption = <Made>(mistakeIn = headerExpected) =>
  hidden(
    judgedWithin<Record<string, string | Secret> | Made>((headers) => {
      if (typeof headers === 'function') return [];
      if (typeof headers !== 'object' || headers === null)
        return [{ at: [], expected: 'texts by name, or a function' }];
      return Object.entries(headers as Record<string, unknown>).flatMap(([name, value]) => {
        const expected = secretExpected(value) ?? mistakeIn(name, isSecret(value) ? '' : value);
        return expected === null ? [] : [{ at: [name], expected }];
      });
    }),
  );

/**
 * The options that a kind of feed was called with. Where they are none, because no type check has seen the app, each that is
 * needed is told as missing.
 */
export function optionsOf<Options extends object>(given: Options): Options {
  const options: unknown = given;
  return typeof options === 'object' && options !== null ? given : ({} as Options);
}

/** What is wrong with a URL that can be read: its scheme, its credentials, or a host that has to be allowed. */
export function targetProblems(
  path: string,
  url: string,
  allow: readonly string[],
  scheme: 'https' | 'wss' = 'https',
): Problem[] {
  try {
    checkTarget(url, allow, scheme);
    return [];
  } catch (error) {
    const { hostname, host, protocol, username, password } = new URL(url);
    const plain = scheme === 'wss' ? 'ws:' : 'http:';
    const isOther = username !== '' || password !== '' || ![`${scheme}:`, plain].includes(protocol);
    const a = scheme === 'wss' ? 'a wss' : 'an https';
    const meant = `${a} URL of a public host, or allow: ['${host}'] where ${hostname} is meant`;
    const expected = isOther ? `${a} URL without credentials` : meant;
    return [{ path, expected, found: error instanceof Error ? error.message : String(error) }];
  }
}

/** The options without those that have a problem, so that a rule about several options sees only what it may trust. */
export function soundOptions<Options extends object>(options: Options, problems: readonly Problem[]): Partial<Options> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !isBroken(problems, name))) as Partial<Options>;
}
