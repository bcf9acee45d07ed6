/** What a schema expected, in words, of an issue that it brings no message for. Pure. */
import type * as z from 'zod';
import { meantName } from '../known-names.ts';

const MOST_VALUES = 30;

/** By zod's names of types. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  undefined: 'to be left out',
  never: 'to be left out',
  nonoptional: 'a value',
};

/** What is counted of a value of each type. */
const PARTS: Readonly<Record<string, string>> = { string: 'characters', array: 'items', set: 'items', map: 'entries' };

const FORMATS: Readonly<Record<string, string>> = {
  email: 'an email address',
  url: 'a URL',
  uuid: 'a UUID',
  datetime: 'a time such as 2026-11-20T12:00:00Z',
  date: 'a date such as 2026-11-20',
  time: 'a time of day such as 12:00:00',
  duration: 'a duration such as PT15M',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  base64: 'a text in Base64',
  base64url: 'a text in Base64url',
};

/** @param input the value that the issue is about */
export function expectedBy(issue: z.core.$ZodIssue, input: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'invalid_value':
      return choiceOf(issue.values.map(String), input);
    case 'too_big':
      return bound(issue, issue.maximum, issue.inclusive === false ? 'less than' : 'at most');
    case 'too_small':
      return bound(issue, issue.minimum, issue.inclusive === false ? 'more than' : 'at least');
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return formatOf(issue);
    case 'invalid_union':
      return unionOf(issue, input);
    case 'invalid_key':
      return 'another name';
    default:
      return 'another value';
  }
}

function choiceOf(values: readonly string[], input: unknown): string {
  const meant = typeof input === 'string' ? meantName(input, values) : null;
  const more = values.length > MOST_VALUES ? ', …' : '';
  const all = values.slice(0, MOST_VALUES).join(', ') + more;
  return `${values.length === 1 ? '' : 'one of '}${all}${meant === null ? '' : ` (did you mean ${meant}?)`}`;
}

function bound(issue: { origin: string; exact?: boolean }, limit: number | bigint, side: string): string {
  const part = PARTS[issue.origin];
  const amount = `${issue.exact === true ? 'exactly' : side} ${limit}`;
  if (part === undefined) return `${TYPES[issue.origin] ?? 'a value'} of ${amount}`;
  return `${TYPES[issue.origin] ?? 'a value'} of ${amount} ${limit === 1 ? part.slice(0, -1).replace('ie', 'y') : part}`;
}

function formatOf(issue: z.core.$ZodIssueInvalidStringFormat): string {
  const { prefix, suffix, includes } = issue as { prefix?: string; suffix?: string; includes?: string };
  if (prefix !== undefined) return `a text that begins with ${prefix}`;
  if (suffix !== undefined) return `a text that ends with ${suffix}`;
  if (includes !== undefined) return `a text that holds ${includes}`;
  return (
    FORMATS[issue.format] ??
    (issue.pattern === undefined ? `a text in the form ${issue.format}` : `a text that matches ${issue.pattern}`)
  );
}

/** The forms of a union; of a union by a discriminator, its values. */
function unionOf(issue: z.core.$ZodIssueInvalidUnion, input: unknown): string {
  const { options } = issue as { options?: readonly unknown[] };
  if (options !== undefined && options.length > 0) return choiceOf(options.map(String), input);
  const forms = issue.errors.flatMap(([first]) => {
    if (first === undefined || first.path.length > 0) return [];
    return [first.message === '' ? expectedBy(first, input) : first.message];
  });
  return [...new Set(forms)].join(', or ') || 'another value';
}
