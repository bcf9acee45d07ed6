/**
 * The same requests, right and wrong ones, to the same app twice: once the SDK answers them all, once what is plain is answered
 * without it. The SDK is the oracle: status, body and headers of both have to be equal. Ids are counted in both, and time is one;
 * what is sealed has another text each time, and is compared as a blank.
 */
import { isDeepStrictEqual } from 'node:util';
import { plainRequest } from '../../src/mcp/wire/plain.ts';
import { defineApp } from '../../src/index.ts';
import { randomFrom } from '../mcp/serve/wrong-messages.ts';
import { messagesOf } from './answers.ts';
import { fuzzedApp, learn, whatIsThere } from './fuzz-run.ts';
import { type FuzzRequest, type Known, wrongRequest } from './requests.ts';
import { type Answer, type FuzzStage, setFuzzStage } from './stage.ts';

export interface OracleReport {
  rounds: number;
  /** Requests that were answered without the SDK on one side. */
  plain: number;
  /** Answers with a result, and streams among all answers. */
  results: number;
  streams: number;
  /** Requests that came out as others for each side, because what they name was told to one of them alone. They are not compared. */
  skipped: number;
  /** At most 20. */
  differences: string[];
}

interface Side {
  stage: FuzzStage;
  known: Known;
}

const STEP_MS = 1_000;
const ROUNDS_A_SCHEDULE = 200;
const MOST_TOLD = 20;
/** Then both begin anew: times of both drift apart by what sleeps take, and what ends with time ends earlier in one of them. */
const ROUNDS_OF_ONE = 5_000;
/**
 * What may differ: sealed texts, such as cursors, states and sessions; what has the time within, which goes on while a request waits;
 * ids, of which there are more where something was asked again.
 */
const DIFFERENT =
  /[A-Za-z0-9_-]{36,}(?:\.[A-Za-z0-9_-]+)*|[\w-]+![0-9a-z]{8,}|\d{4}-\d\d-\d\dT[\d:.]+Z|\b1[78]\d{11}\b/g;

export async function compareWithSdk(rounds: number, seed: number): Promise<OracleReport> {
  const report: OracleReport = { rounds, plain: 0, results: 0, skipped: 0, streams: 0, differences: [] };
  for (let from = 0; from < rounds; from += ROUNDS_OF_ONE) {
    await compareSome(report, Math.min(ROUNDS_OF_ONE, rounds - from), seed + from);
  }
  return report;
}

async function compareSome(report: OracleReport, rounds: number, seed: number): Promise<void> {
  const sides = await Promise.all([false, true].map((direct) => sideOf(direct)));
  const last = sides.at(-1);
  for (let round = 1; round <= rounds; round += 1) {
    const answers = [];
    const shown = [];
    let isSlow = false;
    const now = Math.max(...sides.map(({ stage }) => stage.now())) + STEP_MS;
    for (const { stage, known } of sides) {
      // How long a request slept, in model time, depends on how many turns its work took beside.
      stage.pass(now - stage.now());
      const asked = wrongRequest(randomFrom(seed * ROUNDS_OF_ONE + round), known, round, stage.sleep);
      shown.push(blank(asked.shown));
      isSlow = asked.shown.startsWith('slow');
      if (stage === last?.stage && isPlain(asked)) report.plain += 1;
      const answer = await stage.send(asked.request);
      if (answer.status === 200 && asked.mostAnswers > 0) learn(known, answer, asked.method, new Set());
      answers.push(answer);
      if (round % ROUNDS_A_SCHEDULE === 0) await stage.runSchedule();
    }
    const [bySdk, direct] = answers.map(comparable);
    // A body that comes slowly may be given up on one side alone; of other paths both sides have one way.
    if (shown[0] !== shown[1] || isSlow) report.skipped += 1;
    else if (!isDeepStrictEqual(bySdk, direct) && report.differences.length < MOST_TOLD) {
      report.differences.push(`round ${round}: ${shown[0]}\n  SDK    ${told(bySdk)}\n  direct ${told(direct)}`);
    }
    if (answers[0]?.text.includes('"result"')) report.results += 1;
    if (answers[0]?.type.startsWith('text/event-stream')) report.streams += 1;
  }
}

async function sideOf(direct: boolean): Promise<Side> {
  const stage = setFuzzStage(defineApp({ ...fuzzedApp.options, direct }), false);
  return { stage, known: await whatIsThere(stage) };
}

function isPlain({ request, text }: FuzzRequest): boolean {
  if (text === null) return false;
  try {
    return plainRequest(request.headers, JSON.parse(text)) !== null;
  } catch {
    return false;
  }
}

/** Members of JSON have no order. A stream may say when to come back, and what keeps it open: of it the messages count. */
function comparable(answer: Answer): unknown {
  const { status, type, text, headers } = answer;
  const isStream = type.startsWith('text/event-stream');
  // `Connection` is of one hop, and HTTP/2 forbids it: the SDK sends it with streams, this server does not.
  const all = [...headers].filter(([name]) => name !== 'connection');
  const named = Object.fromEntries(all.map(([name, value]) => [name, blank(value)]));
  const isJson = type.startsWith('application/json') && text !== '';
  const body = isStream ? messagesOf(answer) : isJson ? (JSON.parse(text) as unknown) : text;
  return { status, named, body: JSON.parse(blank(JSON.stringify(body))) as unknown };
}

function blank(text: string): string {
  return text.replaceAll(DIFFERENT, '…');
}

function told(value: unknown): string {
  return JSON.stringify(value).slice(0, 700);
}
