/** What a client is put through, and what is told of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Call, walk } from '../tools/walk.ts';
import { type Asked, CALLS, type ListedTool, type Way, WAYS } from './calls.ts';
import type { ClientProcess } from './client-process.ts';
import { type Handed, halfOf, halvesOf, readHanded, wordsOf } from './handed.ts';
import { EVENTS, SENSORS, serialsIn } from './serials.ts';
import { followTask, untilAsked } from './task-journey.ts';

export interface Outcome {
  /** Calls that said in each half what they had to. */
  worked: number;
  asked: number;
  /** Calls that the client itself refused to send, with its reason. */
  held: string[];
  /** Events that a walk by the printed calls showed, by the half that was read. */
  events: string[];
  /** Which halves of a task led to its end. */
  task: string[];
  faults: string[];
}

const HISTORY: Call = { tool: 'read_history', arguments: { stream: 'readings', from: '-2h' } };
const FILLED_WITHIN_MS = 20_000;
const LOOK_MS = 200;
const SHOWN = 300;

/** @param sent how many calls of tools the client has sent */
export async function drive(client: ClientProcess, sent: () => number): Promise<Outcome> {
  const outcome: Outcome = { worked: 0, asked: 0, held: [], events: [], task: [], faults: [] };
  const call = async (tool: string, args: object) => readHanded(await client.ask('call', tool, args));
  const tried = async (what: string, step: () => Promise<void>) => {
    await step().catch((error: unknown) => outcome.faults.push(`${what}: ${reasonOf(error)}`));
  };
  const tools = new Map(((await client.ask('list')) as ListedTool[]).map((tool) => [tool.name, tool]));
  await untilFilled(call);
  for (const way of Object.keys(WAYS) as Way[]) await tried(`calls (${way})`, () => callAll(way));
  await tried('history', () => walkHistory(call, outcome));
  await tried('task', () => followAll(call, outcome));
  return outcome;

  async function callAll(way: Way): Promise<void> {
    for (const asked of CALLS) {
      const handed = await callOne(way, asked);
      const further = handed === null ? null : furtherCall(asked.tool, handed);
      if (further) await callOne(way, further);
    }
    const asked = await untilAsked(call);
    if (asked === null) return;
    const { tool, args } = asked;
    await callOne(way, { tool: 'get_task', args: { task: args['task'] }, says: /survey/ });
    await callOne(way, { tool, args, says: /"status":|survey/ });
  }

  async function callOne(way: Way, { tool, args, says, orRefused }: Asked): Promise<Handed | null> {
    const listed = tools.get(tool);
    const what = `${tool} (${way})`;
    outcome.asked += 1;
    if (!listed) {
      outcome.faults.push(`${what}: the client does not list it`);
      return null;
    }
    const before = sent();
    const isHeld = () => way !== 'plain' && sent() === before;
    try {
      const handed = await call(tool, WAYS[way](args, listed.schema));
      const silent = halvesOf(handed).filter((half) => {
        const words = wordsOf(handed, half);
        return !says.test(words) && orRefused?.test(words) !== true;
      });
      if (silent.length === 0 && halvesOf(handed).length > 0) {
        outcome.worked += 1;
        return handed;
      }
      const said = silent.map((half) => `${half}: ${wordsOf(handed, half).slice(0, SHOWN)}`).join('; ');
      (isHeld() ? outcome.held : outcome.faults).push(`${what} says ${said || 'nothing'}`);
    } catch (error) {
      if (orRefused?.test(reasonOf(error))) outcome.worked += 1;
      else (isHeld() ? outcome.held : outcome.faults).push(`${what}: ${reasonOf(error)}`);
    }
    return null;
  }
}

/** What an answer asks for by itself: the pages of a large answer, the end of a task that waits. */
function furtherCall(tool: string, handed: Handed): Asked | null {
  const printed = halvesOf(handed).flatMap((half) => [...halfOf(handed, half).calls.values()]);
  const of = (name: string) => printed.find((call) => call.tool === name)?.arguments as Asked['args'] | undefined;
  const [page, task] = [of('read_result'), of('get_task')];
  if (page) return { tool: 'read_result', args: page, says: /row 0/ };
  return tool === 'wait_for' && task ? { tool: 'cancel_task', args: task, says: /cancel|ended|"status"/ } : null;
}

async function untilFilled(call: (tool: string, args: object) => Promise<Handed>): Promise<void> {
  const last = `${SENSORS[1]}-0${EVENTS}`;
  for (let waited = 0; waited < FILLED_WITHIN_MS; waited += LOOK_MS) {
    const handed = await call('read_latest', { stream: 'readings', key: SENSORS[1] });
    if (halvesOf(handed).some((half) => wordsOf(handed, half).includes(last))) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`the stream has no ${last}`);
}

async function walkHistory(
  call: (tool: string, args: object) => Promise<Handed>,
  { events, faults }: Outcome,
): Promise<void> {
  const all = SENSORS.length * EVENTS;
  for (const half of halvesOf(await call(HISTORY.tool, HISTORY.arguments))) {
    const at = {
      async call(tool: string, args: object) {
        const { text, structured } = await call(tool, args);
        return { text: text ?? '', structured: structured ?? {} };
      },
    };
    const { rows } = await walk(at, HISTORY, 'Next page', (answer) => halfOf(answer, half));
    const serials = rows.flatMap((row) => serialsIn(row));
    const different = new Set(serials).size;
    events.push(`${half} ${different}`);
    if (different !== all || serials.length !== all) {
      faults.push(`history by ${half}: ${different} of ${all} events, ${serials.length - different} of them again`);
    }
  }
}

async function followAll(
  call: (tool: string, args: object) => Promise<Handed>,
  { task, faults }: Outcome,
): Promise<void> {
  for (const half of halvesOf(await call('survey', { site: 'north' }))) {
    const wrong = await followTask(call, half).catch(reasonOf);
    if (wrong === null) task.push(half);
    else faults.push(`task by ${half}: ${wrong}`);
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, SHOWN);
}
