/**
 * One entry of a task, under its lease: `run` is called from its start, with what it had done remembered, until it ends,
 * or waits for something, or its time is over. What that means is in `tasks/records/outcome.ts`; what is written, in `journal.ts`.
 */
import { policyOf } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { type Change, failed, failureOf } from '../records/header.ts';
import { type Journal, openJournal } from './journal.ts';
import { BEAT_MS, keepUp } from './keep-up.ts';
import { createOrder } from './order.ts';
import { noVersion, refuse, tooLong } from '../records/refusal.ts';
import { judge, StepError, thrownError } from '../records/outcome.ts';
import { createParking } from './parking.ts';
import { completedWith } from './result.ts';
import type { Assignment } from '../records/assignment.ts';
import { trimTaskLog } from '../records/task-log.ts';
import type { Turn, TurnEnd } from './shared.ts';
import { createTurnContext } from './context.ts';
import { giveUpWaits } from './waits-left.ts';

export interface TurnOptions {
  leaseMs: number;
  /** Epoch ms by which all of it has to be over. */
  deadline: number;
  /** Ends the entry early; the task goes on elsewhere. */
  signal?: AbortSignal;
}

/** Kept back for the commits that end an entry: so much, or a third of the time that there is. */
const CLOSING_MS = 2_000;

/** @throws TidegateError where the store fails: the lease then runs out by itself, and the task is taken up again. */
export async function takeTurn(deps: TaskDeps, claim: Claim, options: TurnOptions): Promise<TurnEnd> {
  const startedAt = deps.runtime.now();
  const journal = await openJournal(deps, claim, options.leaseMs, options.deadline);
  const end = await enter(deps, claim, journal, startedAt, options);
  if (end.outcome === 'lost') await journal.giveUp();
  return end;
}

async function enter(
  deps: TaskDeps,
  claim: Claim,
  journal: Journal,
  startedAt: number,
  options: TurnOptions,
): Promise<TurnEnd> {
  const { runtime } = deps;
  const { task } = claim;
  const refusal = refuse(claim, startedAt);
  if (refusal !== null || task === null) {
    return end({ deps, claim, journal }, failed(failureOf(refusal ?? noVersion(claim.header))));
  }
  /** The newest that was said, and that no commit takes along yet. */
  let said: Change | null = null;
  let saidAt = Number.NEGATIVE_INFINITY;
  const say = () => {
    if (said === null) return;
    journal.change(said);
    said = null;
    saidAt = runtime.now();
  };

  /** Also where the clock was set back. */
  const isTimeToSay = () => Math.abs(runtime.now() - saidAt) >= BEAT_MS;

  const closingMs = Math.min(CLOSING_MS, (options.deadline - startedAt) / 3);
  const deadline = Math.min(options.deadline - closingMs, claim.header.endsBy);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  stopped.catch(() => {});
  const halt = () => reject(new TidegateError('cancelled', 'this entry of the task is over'));
  if (signal.aborted) halt();
  signal.addEventListener('abort', halt, { once: true });

  const broken = Promise.withResolvers<{ kind: 'lost' } | { kind: 'broken'; error: unknown }>();
  const parking = createParking(runtime);
  let begun = false;
  let inStep = false;
  const turn: Turn = {
    deps,
    claim,
    journal,
    parking,
    order: createOrder(journal, parking, runtime),
    policy: policyOf(task),
    deadline,
    wholeMs: deadline - startedAt,
    signal,
    stopped,
    async flush() {
      try {
        if ((await journal.flush()) === 'committed') return;
        broken.resolve({ kind: 'lost' });
      } catch (error) {
        broken.resolve({ kind: 'broken', error });
      }
      await new Promise<never>(() => {});
    },
    progress(change) {
      said = change;
      if (isTimeToSay()) say();
    },
    begun: () => begun,
    begin() {
      begun = true;
    },
    inStep: () => inStep,
    callStep(run) {
      inStep = true;
      try {
        return run();
      } finally {
        inStep = false;
      }
    },
  };

  const over = new AbortController();
  const beat = () => isTimeToSay() && say();
  const beating = keepUp(runtime, journal, options.leaseMs, over.signal, beat).then(
    (lost) => lost && broken.resolve({ kind: 'lost' }),
    (error: unknown) => broken.resolve({ kind: 'broken', error }),
  );
  const context = createTurnContext(turn);
  const running = Promise.resolve()
    .then(() => task.run(claim.input as never, context))
    .then(
      (answer) => ({ kind: 'answered' as const, answer }),
      (thrown: unknown) => ({ kind: 'threw' as const, error: thrownError(thrown) }),
    );
  const timeUp = runtime.sleep(Math.max(0, deadline - runtime.now()), over.signal);
  const result = await Promise.race([
    running,
    broken.promise,
    parking.parked.then((dueAt) => ({ kind: 'parked' as const, dueAt })),
    Promise.race([timeUp, stopped.catch(() => {})]).then(() => ({ kind: 'time' as const })),
  ]);
  parking.close();
  stop.abort();
  over.abort();
  signal.removeEventListener('abort', halt);
  await beating;
  say();

  if (result.kind === 'broken') throw asTidegateError(result.error);
  if (result.kind === 'lost') return { outcome: 'lost' };
  // The time of the task itself, which the clock decides, and no try of its own.
  if (result.kind === 'time' && runtime.now() >= claim.header.endsBy) return end(turn, failed(failureOf(tooLong())));
  if (result.kind === 'parked') return leave(turn, { failures: journal.failures(), lost: 0 }, result.dueAt);
  if (result.kind === 'answered') {
    const finished = await completedWith(turn, task, result.answer).catch(asTidegateError);
    return finished instanceof TidegateError ? fail(turn, task, finished) : end(turn, finished);
  }
  // Told to end, it goes on elsewhere at once.
  if (result.kind === 'time' && options.signal?.aborted) return leave(turn, { lost: 0 }, runtime.now());
  const error =
    result.kind === 'threw'
      ? result.error
      : new TidegateError('cancelled', 'the time of this entry was over before it came to wait for something');
  return fail(turn, task, error);
}

/** A failure beside the steps: tried again, or the task's end. What a step failed with for good is final. */
function fail(turn: Turn, task: Task, error: TidegateError): Promise<TurnEnd> {
  const { deps, claim, journal, policy } = turn;
  const { runtime } = deps;
  const failures = journal.failures() + 1;
  const verdict =
    error instanceof StepError ? { again: false as const } : judge(error, failures, policy, runtime.random());
  const cause = error.cause instanceof Error ? (error.cause.stack ?? null) : null;
  runtime.log('warn', `the task ${claim.header.task} failed`, {
    taskId: claim.taskId,
    version: task.version,
    failures,
    again: verdict.again,
    code: error.code,
    message: error.message,
    cause,
  });
  if (!verdict.again) return end(turn, failed(failureOf(error)));
  const notBefore = runtime.now() + verdict.afterMs;
  return leave(turn, { failures, lost: 0, notBefore }, notBefore);
}

/** At `dueAt`, but not after the task's own time; where something came meanwhile at once, or after the pause of a failure. */
async function leave(
  { deps, claim, journal }: Pick<Turn, 'deps' | 'claim' | 'journal'>,
  run: Partial<Assignment>,
  dueAt: number,
): Promise<TurnEnd> {
  const at = Math.round(Math.min(dueAt, claim.header.endsBy));
  const left = await journal.leave(run, at);
  if (left === 'left') return { outcome: 'left', dueAt: at };
  if (left === 'lost') return { outcome: 'lost' };
  const soon = Math.max(deps.runtime.now(), run.notBefore ?? 0);
  return leave({ deps, claim, journal }, run, Math.min(at, soon));
}

async function end(turn: Pick<Turn, 'deps' | 'claim' | 'journal'>, change: Change): Promise<TurnEnd> {
  await giveUpWaits(turn);
  const outcome = await turn.journal.end(change);
  if (outcome === 'ended') await trimTaskLog(turn.deps, turn.claim.header.principal);
  return { outcome };
}
