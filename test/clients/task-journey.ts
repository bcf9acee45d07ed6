/**
 * A task from its call to its end, as a model goes that reads one half of each answer: it makes the calls that are printed, waits
 * as long as they say, and answers what is asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handed, halfOf, type HalfName, wordsOf } from './handed.ts';
import type { Call } from '../tools/walk.ts';

type CallTool = (tool: string, args: object) => Promise<Handed>;

const MOST_CALLS = 40;
const LONGEST_PAUSE_MS = 5_000;
const FIRST_PAUSE_MS = 300;
const ANSWER = [{ field: 'right', value: true }];

/** @returns what went wrong; null: it ended, and says what the person agreed to */
export async function followTask(call: CallTool, half: HalfName): Promise<string | null> {
  let handed = await call('survey', { site: 'north' });
  let answered = false;
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    const words = wordsOf(handed, half);
    if (/Survey of north: agreed|"agreed":true/.test(words)) return null;
    const next = printedCall(handed, half);
    if (next === null) return `no call is printed in ${words.slice(0, 300)}`;
    if (next.tool === 'answer_task') {
      if (answered) await sleep(FIRST_PAUSE_MS);
      next.arguments = withAnswer(next.arguments);
      answered = true;
    } else await sleep(pauseOf(words));
    handed = await call(next.tool, next.arguments);
  }
  return `not ended after ${MOST_CALLS} calls: ${wordsOf(handed, half).slice(0, 300)}`;
}

function printedCall(handed: Handed, half: HalfName): Call | null {
  const listed = [...halfOf(handed, half).calls.values()];
  const found = listed.find(({ tool }) => tool === 'answer_task') ?? listed.find(({ tool }) => tool === 'get_task');
  if (found) return { tool: found.tool, arguments: found.arguments };
  return half === 'text' ? inText(handed.text ?? '') : null;
}

/** `get_task {"task":"…"}` within a sentence. */
function inText(text: string): Call | null {
  for (const tool of ['answer_task', 'get_task']) {
    const [, rest] = new RegExp(`${tool} (\\{.*)`).exec(text) ?? [];
    const given = rest === undefined ? null : jsonAtStart(rest);
    if (given !== null) return { tool, arguments: given };
  }
  return null;
}

function jsonAtStart(text: string): object | null {
  for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}', end + 1)) {
    try {
      return JSON.parse(text.slice(0, end + 1)) as object;
    } catch {
      // The object goes on.
    }
  }
  return null;
}

/** The answers are for the person to give, and stand open in what is printed. */
function withAnswer(printed: object): object {
  const { answers } = printed as { answers?: { key: string }[] };
  return { ...printed, answers: (answers ?? []).map(({ key }) => ({ key, action: 'accept', content: ANSWER })) };
}

function pauseOf(words: string): number {
  const [, seconds] = /after (\d+) s, not before/.exec(words) ?? [];
  const [, ms] = /"(?:afterMs|checkAfterMs)":(\d+)/.exec(words) ?? [];
  return Math.min(LONGEST_PAUSE_MS, Number(seconds ?? 0) * 1_000 || Number(ms ?? FIRST_PAUSE_MS));
}
