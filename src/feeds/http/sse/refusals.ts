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
  repeated: number,
): TidegateError {
  const retryAfterMs = parser.retryMs();
  const pause = retryAfterMs === null ? {} : { retryAfterMs };
  const ended = `${source} ended the connection after ${stoodMs} ms`;
  if (repeated > 0) {
    return new TidegateError('upstream', `${ended}, and brought only what is stored already, ${repeated} events`, {
      field: 'url',
      expected: 'what follows the id in Last-Event-ID, or a connection that stays open',
      hint: 'the source seems to pass over Last-Event-ID: where it has a parameter for it, or a list, read that',
      ...pause,
    });
  }
  const said = quoted(parser.said() ?? '', secretTexts(url.href, typeof headers === 'object' ? headers : {}));
  const lacking = said === '' ? 'no event came' : `no event came that fits a stream${said}`;
  return new TidegateError('upstream', `${ended}, and ${lacking}`, {
    field: 'url',
    expected: 'events, or a connection that stays open',
    hint: 'ask the URL by hand: credentials or parameters may be wrong',
    ...pause,
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
