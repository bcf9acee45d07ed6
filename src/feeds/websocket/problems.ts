/**
 * The mistakes in the declaration of a WebSocket feed, found without I/O: those of single options by the specification,
 * and here those that several options make together.
 */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { optionProblems } from '../../declare/spec/option-problems.ts';
import { isBroken } from '../../declare/spec/problems.ts';
import { soundOptions, targetProblems } from '../kit/source-options.ts';
import { withoutIds } from '../kit/twice-read.ts';
import type { WebSocketOptions } from './options.ts';
import { webSocketSpec } from './spec.ts';

/** The options that are right by themselves. */
type Sound = Partial<WebSocketOptions>;

export function webSocketProblems(options: WebSocketOptions, targets: readonly FeedTarget[]): Problem[] {
  const problems = optionProblems(webSocketSpec, options);
  const sound = soundOptions(options, problems);
  const rules = [
    ...(typeof sound.url === 'string' ? urlProblems('url', sound.url, sound.allow, 'wss') : []),
    ...payloadProblems(sound),
    ...sequenceProblems(sound),
    ...heartbeatProblems(sound),
    ...catchUpProblems(options, sound.allow),
    ...(options.catchUp === undefined ? [] : withoutIds('catchUp', targets)),
  ];
  return [...problems, ...rules.filter(({ path }) => path === 'catchUp' || !isBroken(problems, path))];
}

function urlProblems(path: string, url: string, allow: readonly string[] = [], scheme: 'https' | 'wss'): Problem[] {
  if (!URL.canParse(url)) return [{ path, expected: `an absolute ${scheme} URL` }];
  const fragment = new URL(url).hash === '' ? [] : [{ path, expected: 'a URL without a fragment' }];
  return [...fragment, ...targetProblems(path, url, allow, scheme)];
}

function payloadProblems({ payload, items }: Sound): Problem[] {
  if (items === undefined || (payload !== 'text' && payload !== 'binary')) return [];
  return [{ path: 'items', expected: `no path, because a message of ${payload} is one item`, found: items }];
}

function sequenceProblems({ sequence, subscribe, catchUp, url }: Sound): Problem[] {
  if (sequence === undefined) return [];
  const problems: Problem[] = [];
  if (typeof subscribe !== 'function' && typeof url !== 'function') {
    problems.push({ path: 'subscribe', expected: 'a function that asks for what follows its argument, sequence' });
  }
  if (catchUp !== undefined) {
    problems.push({ path: 'catchUp', expected: 'none beside sequence: what the source replays is not missing' });
  }
  return problems;
}

function heartbeatProblems({ heartbeat }: Sound): Problem[] {
  if (heartbeat?.expectMs === undefined || heartbeat.expectMs <= heartbeat.everyMs) return [];
  const found = String(heartbeat.expectMs);
  return [{ path: 'heartbeat.expectMs', expected: 'at most heartbeat.everyMs', found }];
}

/** Looks at the URL also where another option of `catchUp` is wrong. */
function catchUpProblems({ catchUp }: WebSocketOptions, allow: readonly string[] | undefined): Problem[] {
  const url: unknown = catchUp?.url;
  if (typeof url !== 'string') return [];
  const path = 'catchUp.url';
  const expected = 'a URL with {since} in it, and {until} where the source knows it';
  const missing = url.includes('{since}') ? [] : [{ path, expected }];
  return [...missing, ...urlProblems(path, url.replaceAll(/\{(since|until)\}/g, '0'), allow, 'https')];
}
