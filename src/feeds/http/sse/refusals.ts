/** The errors for sources of events that bring none, with their own words. Pure. */
import { TidegateError } from '../../../base/errors.ts';
import { quoted, secretTexts } from '../../kit/said.ts';
import type { FeedAnswer } from '../answer.ts';
import { describeHttpSource } from '../options.ts';
import type { HttpSettings } from '../spec.ts';
import type { EventParser } from './parser.ts';

/** The pause that the source asked for counts for the next attempt, where it is longer than the usual one. */
export function endedAtOnce(
  { headers }: HttpSettings,
  { source, url }: FeedAnswer,
  parser: EventParser,
  stoodMs: number,
): TidegateError {
  const said = quoted(parser.said() ?? '', secretTexts(url.href, typeof headers === 'object' ? headers : {}));
  const lacking = said === '' ? 'no event came' : `no event came that fits a stream${said}`;
  const retryAfterMs = parser.retryMs();
  return new TidegateError('upstream', `${source} ended the connection after ${stoodMs} ms, and ${lacking}`, {
    field: 'url',
    expected: 'events, or a connection that stays open',
    hint: 'ask the URL by hand: credentials or parameters may be wrong',
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

/** 204 tells a client to connect no more (WHATWG HTML, 9.2.5). */
export function wantsNone({ url }: HttpSettings): TidegateError {
  return new TidegateError('upstream', `${describeHttpSource(url)} answered 204: it wants no further connection`, {
    field: 'url',
    expected: 'a stream of events',
    hint: 'the stream may have ended for good, or have another URL now',
  });
}
