/**
 * Sends very many wrong requests, one after the other, and tells what was wrong with the answers, what the log held
 * against the server, and whether anything grew. Time passes with each, so that what is stored also ends; the schedule
 * runs as often as it would.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as z from 'zod';
import { AUDIT_AGE_MS } from '../../src/auth/audit/stream.ts';
import { DAY_MS } from '../../src/base/time/civil-day.ts';
import { extendApp, secret, stream } from '../../src/index.ts';
import { conformanceApp } from '../conformance/app.ts';
import { randomFrom } from '../mcp/serve/wrong-messages.ts';
import { listens, messagesOf, wrongWith, wrongWithRefusal } from './answers.ts';
import type { Credential } from './credentials.ts';
import { type Known, wrongRequest } from './requests.ts';
import { type Answer, type FuzzStage, setFuzzStage } from './stage.ts';

export interface FuzzOptions {
  rounds: number;
  seed: number;
  /** Whether the server asks who calls. Default false. */
  asks?: boolean;
  /** Called at each tenth of the way, with how many were sent. */
  tell?: (sent: number) => void;
}

export interface FuzzReport {
  statuses: Map<number, number>;
  /** What was wrong, with what was asked; at most 20. */
  problems: string[];
  /** JSON-RPC methods that were answered with a result at least once. */
  answered: Set<string>;
  /** Bytes on the heap after a collection, at each tenth, with what is stored by then. */
  held: number[];
  /** The same once all that was stored before has ended: what is still there then has grown without a bound. */
  heap: number[];
  /** The longest of one request's answers, ms of real time. */
  slowestMs: number;
}

export const fuzzedApp = extendApp(conformanceApp, {
  streams: {
    ...conformanceApp.options.streams,
    pushed: stream({
      description: 'What is pushed.',
      schema: z.object({ id: z.number() }),
      id: 'id',
      push: { token: secret('FUZZ_TOKEN') },
    }),
  },
});
/** Tools of the conformance app that fail on purpose, which the log tells of. */
const MEANT_TO_FAIL = /test_error_handling|test_tool_with_task_error|tasks?_?fail/;
const MOST_PROBLEMS = 20;
const MOST_KNOWN = 200;
/** Model time between two requests, and between two runs of the schedule. */
const STEP_MS = 30_000;
const ROUNDS_A_SCHEDULE = 200;
/** Model time after which nothing is kept of what was stored before, in days: nothing is kept longer than the audit log. */
const ALL_ENDED_DAYS = Math.ceil(AUDIT_AGE_MS / DAY_MS) + 10;

export async function fuzzRun({ rounds, seed, asks = false, tell }: FuzzOptions): Promise<FuzzReport> {
  const collect = collector();
  const stage = setFuzzStage(fuzzedApp, asks);
  await stage.credentials?.make();
  const random = randomFrom(seed);
  const known = await whatIsThere(stage);
  const report: FuzzReport = {
    statuses: new Map(),
    problems: [],
    answered: new Set(),
    held: [],
    heap: [],
    slowestMs: 0,
  };
  const problem = (text: string) => void (report.problems.length < MOST_PROBLEMS && report.problems.push(text));
  const tenth = Math.ceil(rounds / 10);
  for (let round = 1; round <= rounds; round += 1) {
    const { method, request, mostAnswers, isOpen, shown } = wrongRequest(random, known, round, stage.sleep);
    const credential = stage.credentials?.next(random);
    if (credential && !isOpen) bring(request, credential);
    const begun = performance.now();
    try {
      const answer = await stage.send(request);
      report.statuses.set(answer.status, (report.statuses.get(answer.status) ?? 0) + 1);
      const isRefused = credential?.isValid === false && !isOpen;
      const wrong = isRefused ? wrongWithRefusal(answer) : wrongWith(answer, mostAnswers);
      if (wrong !== null)
        problem(`round ${round}: ${wrong}: ${shown} -> ${answer.status} ${answer.text.slice(0, 400)}`);
      else if (mostAnswers > 0 && answer.status === 200) learn(known, answer, method, report.answered);
    } catch (thrown) {
      problem(`round ${round}: thrown ${String(thrown)}: ${shown}`);
    }
    report.slowestMs = Math.max(report.slowestMs, performance.now() - begun);
    for (const { level, message, fields } of stage.logged.splice(0)) {
      const text = `${message} ${JSON.stringify(fields)}`;
      if (level === 'error' && !MEANT_TO_FAIL.test(text))
        problem(`round ${round}: logged ${text.slice(0, 600)}: ${shown}`);
    }
    stage.pass(STEP_MS);
    if (round % ROUNDS_A_SCHEDULE === 0) await stage.runSchedule();
    if (round % tenth === 0) {
      report.held.push(heapAfter(collect));
      await ageOf(stage);
      report.heap.push(heapAfter(collect));
      tell?.(round);
    }
  }
  return report;
}

function heapAfter(collect: () => void): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** Lets time pass until all that was stored before has ended, with the schedule that removes it. */
async function ageOf(stage: FuzzStage): Promise<void> {
  for (let day = 0; day < ALL_ENDED_DAYS; day += 1) {
    stage.pass(DAY_MS);
    await stage.runSchedule();
  }
}

function bring({ headers }: Request, { header }: Credential): void {
  if (header === null) headers.delete('Authorization');
  else headers.set('Authorization', header);
}

/** What the server lists, so that requests can name it. */
export async function whatIsThere(stage: FuzzStage): Promise<Known> {
  async function list<Item>(method: string, part: string): Promise<Item[]> {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      Host: '127.0.0.1',
      ...(stage.credentials ? { Authorization: stage.credentials.right().header ?? '' } : {}),
    };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: meta } });
    const answer = await stage.send(new Request('http://127.0.0.1/mcp', { method: 'POST', headers, body }));
    const [message] = messagesOf(answer);
    return ((message?.result as Record<string, unknown> | undefined)?.[part] ?? []) as Item[];
  }
  const resources = await list<{ uri: string }>('resources/list', 'resources');
  const templates = await list<{ uriTemplate: string }>('resources/templates/list', 'resourceTemplates');
  return {
    texts: [],
    states: [],
    tools: await list('tools/list', 'tools'),
    prompts: (await list<{ name: string }>('prompts/list', 'prompts')).map(({ name }) => name),
    uris: [
      ...resources.map(({ uri }) => uri),
      ...templates.map(({ uriTemplate }) => uriTemplate.replaceAll(/[{}]/g, '')),
    ],
  };
}

/** Keeps what an answer says that can be named again. */
export function learn(known: Known, answer: Answer, method: string, answered: Set<string>): void {
  const messages = messagesOf(answer);
  if (listens(messages)) answered.add(method);
  const result = messages.find((each) => each.result !== undefined)?.result as Record<string, unknown> | undefined;
  if (result === undefined) return;
  answered.add(method);
  const { taskId, requestState, nextCursor } = result;
  const structured = (result['structuredContent'] ?? {}) as Record<string, unknown>;
  for (const text of [taskId, nextCursor, structured['cursor'], structured['tailCursor'], structured['taskId']]) {
    if (typeof text === 'string') keep(known.texts, text);
  }
  if (typeof requestState === 'string') keep(known.states, requestState);
}

function keep(list: string[], text: string): void {
  list.push(text);
  if (list.length > MOST_KNOWN) list.shift();
}

/** Node's own collector, which is asked for by a flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
