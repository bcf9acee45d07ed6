/** How an API's pages follow each other: which value asks for a page, and where the next one comes from. Pure. */
import type { HttpAnswer } from '../declare/http-api.ts';
import { cursorArgument, type HttpPaging, type HttpSpec } from '../declare/http-tool.ts';
import { TidegateError } from '../base/errors.ts';
import { readPath } from '../base/json-path.ts';
import { linkTarget } from '../net/link-header.ts';
import type { ToolInput } from './request.ts';

const MOST_CHARACTERS = 2_048;

/** The value that asks for the page of the arguments. Null: the first page. @throws TidegateError `invalid_input` */
export function pageOf(spec: HttpSpec, input: ToolInput): string | null {
  const name = cursorArgument(spec);
  const value = name === null ? undefined : input[name];
  if (value === undefined || value === null || value === '') return null;
  const text = typeof value === 'number' ? String(value) : value;
  const { by } = spec.paging ?? {};
  if (typeof text === 'string' && !((by === 'page' || by === 'offset') && !/^\d{1,12}$/.test(text))) return text;
  throw new TidegateError('invalid_input', `${name} does not lead to a page`, {
    field: name ?? '',
    expected: '`next` of the answer before',
  });
}

/** The value that asks for the next page. Null: there is none. */
export function nextOf(
  paging: HttpPaging,
  { body, headers, input }: Pick<HttpAnswer, 'body' | 'headers' | 'input'>,
  count: number,
  page: string | null,
): string | null {
  const next = valueOf(paging, { body, headers, input }, count, page);
  // A page that names itself as the next would be read for ever.
  return next === null || next === '' || next === page || next.length > MOST_CHARACTERS ? null : next;
}

function valueOf(
  paging: HttpPaging,
  { body, headers, input }: Pick<HttpAnswer, 'body' | 'headers' | 'input'>,
  count: number,
  page: string | null,
): string | null {
  if (paging.by === 'cursor') {
    const value = readPath(body, paging.next);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  }
  if (paging.by === 'link') {
    const link = paging.next === undefined ? linkTarget(headers.get('link'), 'next') : readPath(body, paging.next);
    if (typeof link !== 'string') return null;
    return URL.canParse(link, 'https://relative/')
      ? new URL(link, 'https://relative/').searchParams.get(paging.query)
      : null;
  }
  const full = typeof paging.full === 'string' ? Number(input[paging.full] ?? 1) : (paging.full ?? 1);
  if (count < full || count === 0) return null;
  const at = page === null ? (paging.first ?? (paging.by === 'page' ? 1 : 0)) : Number(page);
  return String(paging.by === 'page' ? at + 1 : at + count);
}
