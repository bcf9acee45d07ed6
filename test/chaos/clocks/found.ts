/** What is found after a run with wrong clocks or a restore, and what is wrong with it. */
import type { StreamEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import type { EventPage } from '../../../src/declare/app-streams.ts';
import { getTask } from '../../../src/tasks/work/requests.ts';
import { ADA } from '../../tasks/stage.ts';
import { STREAMS, type World } from './world.ts';

export type Name = (typeof STREAMS)[number];

export const numberOf = ({ data }: Pick<StreamEvent, 'data'>): number => (data as { n: number }).n;

/** All that a stream has, oldest first. */
export async function contentOf(world: World, name: Name): Promise<{ numbers: number[]; gaps: string[] }> {
  const streams = createAppStreams(world.deps(), ADA);
  const events: StreamEvent[] = [];
  for (let after: string | null = null; ;) {
    const page: EventPage<Json> = await world.drive(streams.read(name, after, 1_000));
    events.push(...page.events);
    if (page.events.length < 1_000) break;
    after = page.cursor;
  }
  return {
    numbers: events.filter(({ meta }) => !meta?.gap).map(numberOf),
    gaps: events.flatMap(({ meta }) => (meta?.gap ? [meta.gap.detail ?? ''] : [])),
  };
}

/** The numbers that a gap tells of, from one to below another. */
function spanOf(detail: string): [from: number, to: number] {
  const [from = 0, to = 0] = detail.split(' to ').map(Number);
  return [from, to];
}

/**
 * What is wrong with the content of a stream: each number once and in order, but those that a gap tells of.
 * @param given how many numbers there are
 */
export function wrongWith(
  name: string,
  given: number,
  { numbers, gaps }: { numbers: number[]; gaps: string[] },
): string[] {
  const told = new Set<number>();
  for (const gap of gaps) {
    const [from, to] = spanOf(gap);
    for (let n = from; n < to; n += 1) told.add(n);
  }
  const found = new Set(numbers);
  const wrong: string[] = [];
  const say = (what: string, count: number) => count > 0 && wrong.push(`${name}: ${count} ${what}`);
  say('twice', numbers.length - found.size);
  say('out of order', numbers.filter((n, index) => index > 0 && n < (numbers[index - 1] ?? 0)).length);
  say(
    'lost in silence',
    Array.from({ length: given }, (_, n) => n).filter((n) => !found.has(n) && !told.has(n)).length,
  );
  say('told as lost that are there', [...told].filter((n) => found.has(n)).length);
  return wrong;
}

export async function contentsWrong(world: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of STREAMS) wrong.push(...wrongWith(name, world.sources[name].given, await contentOf(world, name)));
  return wrong;
}

/** Whether all that the sources have given is there. */
export async function isAllThere(world: World): Promise<boolean> {
  for (const name of STREAMS) {
    const [newest] = (await world.drive(createAppStreams(world.deps(), ADA).last(name, 1))).events;
    const { given } = world.sources[name];
    if (given > 0 && endOf(newest) !== given) return false;
  }
  return true;
}

/** The number behind an event: of a gap, the one behind what it tells of, since a source may have forgotten all that it gave last. */
export function endOf(event: StreamEvent | undefined): number | null {
  if (event === undefined) return null;
  const { gap } = event.meta ?? {};
  return gap ? spanOf(gap.detail ?? '')[1] : numberOf(event) + 1;
}

/** How each of the tasks stands. */
export async function standingOf(world: World, taskIds: readonly string[]): Promise<string[]> {
  const headers = [];
  for (const taskId of taskIds) headers.push(await world.drive(getTask(world.deps(), ADA, taskId)));
  return headers.map(({ task, status, failure }) => (failure ? `${task} ${status}: ${failure.message}` : status));
}
