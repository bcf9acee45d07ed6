/**
 * One turn of a task, under its lease: `run` is called from its start, with what it had done remembered, until it ends,
 * waits for something, or has used up its time. What is written is in `journal.ts`, how it ends in `endings.ts`.
 */
import { policyOf } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { failed, failureOf } from '../records/changes.ts';
import { isSurelyOver } from '../../store/clock-seen.ts';
import { openAccount } from '../../store/counting.ts';
import type { Scope } from '../../streams/scope.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { thrownError } from '../records/outcome.ts';
import { noVersion, refuse, tooLong } from '../records/refusal.ts';
import { type Broken, createBreakOff } from './break-off.ts';
import { createTurnContext } from './context.ts';
import { endTask, failTurn, leaveTask } from './endings.ts';
import { createInterruption } from './interruption.ts';
import { createJournal } from './journal.ts';
import { keepUp } from './keep-up.ts';
import { createMemory } from './memory.ts';
import { createOrder } from './order.ts';
import { createParking } from './parking.ts';
import { createProgress } from './progress.ts';
import { completedWith } from './result.ts';
import { createStepCalls } from './step-calls.ts';
import type { TaskInHand, Turn, TurnEnd } from './turn.ts';

interface TurnOptions {
  leaseMs: number;
  /** Epoch ms by which all of the turn has to be over, its last commit included. */
  deadline: number;
  /** Ends the turn early; the task goes on elsewhere. */
  signal?: AbortSignal;
}

/** Kept back for the commits that end a turn: this, or a third of the time that there is, ms. */
const CLOSING_MS = 2_000;

/**
 * @throws TidegateError where the store fails: the lease then runs out by itself, and the task is taken up again.
 * `newer_version` where a newer release has written what this one cannot read: the lease is given back then.
 */
export async function takeTurn(given: Scope<TaskDeps>, claim: Claim, options: TurnOptions): Promise<TurnEnd> {
  // An engine that is asked over the network lets others go on by itself.
  const isNear = given.store.observed === undefined;
  const scope = isNear ? { ...given, store: openAccount(given.store, given.runtime).store } : given;
  const startedAt = scope.runtime.now();
  const memory = createMemory(claim);
  const journal = createJournal(scope, claim, memory, options.leaseMs, options.deadline);
  const hand: TaskInHand = { scope, claim, memory, journal };
  try {
    await memory.load(scope);
    const end = await play(hand, startedAt, options);
    if (end.outcome === 'lost') await journal.giveUp();
    return end;
  } catch (thrown) {
    // Otherwise each try would count as one whose process was gone.
    if (asTidegateError(thrown).code === 'newer_version') await journal.passOver();
    throw thrown;
  }
}

async function play(hand: TaskInHand, startedAt: number, options: TurnOptions): Promise<TurnEnd> {
  const { claim, scope } = hand;
  const { task } = claim;
  if (startedAt >= claim.header.endsBy && !(await isSurelyOver(scope, claim.header.endsBy))) {
    return leaveTask(hand, { lost: 0 }, startedAt);
  }
  const refusal = refuse(claim, startedAt);
  if (refusal !== null || task === null) {
    return endTask(hand, failed(failureOf(refusal ?? noVersion(claim.header))));
  }
  return runTask(hand, task, startedAt, options);
}

/** How `run` stopped. `time`: the time of the turn is over, or its host asked for its end. */
type Stopped =
  | Broken
  | { kind: 'answered'; answer: Awaited<ReturnType<Task['run']>> }
  | { kind: 'threw'; error: TidegateError }
  | { kind: 'parked'; dueAt: number }
  | { kind: 'time' };

async function runTask(hand: TaskInHand, task: Task, startedAt: number, options: TurnOptions): Promise<TurnEnd> {
  const { scope, claim, memory, journal } = hand;
  const { runtime } = scope;
  const closingMs = Math.min(CLOSING_MS, (options.deadline - startedAt) / 3);
  const deadline = Math.min(options.deadline - closingMs, claim.header.endsBy);
  const parking = createParking(runtime);
  const interruption = createInterruption(options.signal);
  const breakOff = createBreakOff(journal);
  const progress = createProgress(journal, runtime);
  const turn: Turn = {
    ...hand,
    parking,
    order: createOrder(memory, parking, runtime),
    deadline,
    wholeMs: deadline - startedAt,
    breakOff,
    policy: policyOf(task),
    interruption,
    stepCalls: createStepCalls(),
    progress,
  };

  const over = new AbortController();
  const keeping = keepUp(runtime, journal, options.leaseMs, over.signal, () => progress.beat()).then(
    (lost) => lost && breakOff.lose(),
    (error: unknown) => breakOff.fail(error),
  );
  const context = createTurnContext(turn);
  const doNamed = <Made>(work: () => Made) => runtime.named?.(`task ${claim.header.task}`, work) ?? work();
  const running = Promise.resolve()
    .then(() => doNamed(() => task.run(claim.input as never, context)))
    .then(
      (answer): Stopped => ({ kind: 'answered', answer }),
      (thrown: unknown): Stopped => ({ kind: 'threw', error: thrownError(thrown) }),
    );
  const timeUp = runtime.sleep(Math.max(0, deadline - runtime.now()), over.signal);
  const stopped = await Promise.race<Stopped>([
    running,
    breakOff.happened,
    parking.parked.then((dueAt) => ({ kind: 'parked', dueAt })),
    Promise.race([timeUp, interruption.stopped.catch(() => {})]).then(() => ({ kind: 'time' })),
  ]);
  parking.close();
  interruption.stop();
  over.abort();
  await keeping;
  progress.close();
  return conclude(turn, task, stopped);
}

/** What becomes of the task, by how its `run` stopped. */
async function conclude(turn: Turn, task: Task, stopped: Stopped): Promise<TurnEnd> {
  const { scope, claim, journal, policy, interruption } = turn;
  const now = scope.runtime.now();
  if (stopped.kind === 'broken') throw asTidegateError(stopped.error);
  switch (stopped.kind) {
    case 'lost':
      return { outcome: 'lost' };
    case 'parked':
      return leaveTask(turn, { failures: journal.failures(), lost: 0 }, stopped.dueAt);
    case 'threw':
      return failTurn(turn, task, policy, stopped.error);
    case 'answered': {
      const change = await completedWith(turn, task, stopped.answer).catch(asTidegateError);
      return change instanceof TidegateError ? failTurn(turn, task, policy, change) : endTask(turn, change);
    }
    default: {
      // The time of the task itself is no failure of `run`, which could be tried again.
      const { endsBy } = claim.header;
      if (await isSurelyOver(scope, endsBy)) return endTask(turn, failed(failureOf(tooLong())));
      if (now >= endsBy || interruption.isAsked()) return leaveTask(turn, { lost: 0 }, now);
      const text = 'the time of this entry was over before it came to wait for something';
      return failTurn(turn, task, policy, new TidegateError('cancelled', text));
    }
  }
}
