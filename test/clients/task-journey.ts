/**
 * A task from its call to its end, as a model goes that reads one half of each answer: it makes the calls that are printed, waits
 * as long as they say, and answers what is asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handed, halfOf, type HalfName, halvesOf, wordsOf } from './handed.ts';
import type { Call } from '../tools/walk.ts';

type CallTool = (tool: string, args: object) => Promise<Handed>;

const MOST_CALLS = 40;
const LONGEST_PAUSE_MS = 5_000;
const ANSWER = [{ field: 'right', value: true }];

const ENDED = /Survey of north: agreed|"agreed":true/;

/** Begins a task, and goes on until it asks. @returns the call that answers it; null: the client has answered by itself */
export async function untilAsked(call: CallTool): Promise<{ tool: string; args: Record<string, unknown> } | null> {
  let handed = await call('survey', { site: 'north' });
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    const [half = 'text'] = halvesOf(handed);
    if (ENDED.test(wordsOf(handed, half))) return null;
    const next = printedCall(handed, half);
    if (next === null) break;
    if (next.tool === 'answer_task') return { tool: next.tool, args: withAnswer(next.arguments) };
    await sleep(Math.min(LONGEST_PAUSE_MS, next.afterMs ?? 0));
    handed = await call(next.tool, next.arguments);
  }
  throw new Error('the task does not ask');
}

/** @returns what went wrong; null: it ended, and says what the person agreed to */
export async function followTask(call: CallTool, half: HalfName): Promise<string | null> {
  let handed = await call('survey', { site: 'north' });
  for (let calls = 0; calls < MOST_CALLS; calls += 1) {
    const read = halfThere(handed, half);
    const words = wordsOf(handed, read);
    if (ENDED.test(words)) return null;
    const next = printedCall(handed, read);
    if (next === null) return `no call is printed in ${words.slice(0, 300)}`;
    await sleep(Math.min(LONGEST_PAUSE_MS, next.afterMs ?? 0));
    handed = await call(next.tool, next.tool === 'answer_task' ? withAnswer(next.arguments) : next.arguments);
  }
  return `not ended after ${MOST_CALLS} calls: ${wordsOf(handed, halfThere(handed, half)).slice(0, 300)}`;
}

/** Some clients hand over what is structured with some answers alone: what is there is read then. */
function halfThere(handed: Handed, half: HalfName): HalfName {
  return handed[half] === null ? (halvesOf(handed)[0] ?? half) : half;
}

function printedCall(handed: Handed, half: HalfName): Call | null {
  const printed = [...halfOf(handed, half).calls.values()];
  return printed.find(({ tool }) => tool === 'answer_task') ?? printed.find(({ tool }) => tool === 'get_task') ?? null;
}

/** The answers are for the person to give, and stand open in what is printed. */
function withAnswer(printed: object): Record<string, unknown> {
  const { answers } = printed as { answers?: { key: string }[] };
  return { ...printed, answers: (answers ?? []).map(({ key }) => ({ key, action: 'accept', content: ANSWER })) };
}
