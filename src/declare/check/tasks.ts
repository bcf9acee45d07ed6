/**
 * Checks the tasks of an app: the options of each, its older versions, and that no tool has its name. This file is
 * pure.
 */
import type { AppOptions } from '../app.ts';
import { checkEach } from './handlers.ts';
import type { Problem } from '../problem.ts';
import { isBroken, specProblems } from '../spec/problems.ts';
import { policyOf, taskSpec } from '../spec/task.ts';
import type { DeclaredStream } from '../stream.ts';
import type { Task } from '../task.ts';

export function checkTasks({ tasks, tools }: AppOptions, problems: Problem[]): void {
  checkEach('tasks', 'task({ description, version, run, … })', taskSpec, tasks, problems, (task, path) => {
    const name = path.slice(path.indexOf('.') + 1);
    if (Object.hasOwn(tools ?? {}, name))
      problems.push({ path, expected: `a name other than that of the tool ${name}` });
    if (!isBroken(problems, `${path}.policy`)) checkTimes(task, path, problems);
    if (!isBroken(problems, `${path}.previous`)) checkPrevious(task, path, problems);
  });
}

/** Clients that do not know the Tasks extension hear of a result by `get_task` alone. */
export function checkTaskReader(
  { builtIns = {}, tasks = {} }: AppOptions,
  streams: ReadonlyMap<string, DeclaredStream>,
  problems: Problem[],
): void {
  if (builtIns.get_task !== false) return;
  const each = [...streams.values()];
  const own = Object.keys(tasks).map((name) => `the task ${name}`);
  const waiting = each.length === 0 ? [] : (['wait_for', 'export_history'] as const);
  const filling = each.some(({ feed }) => feed !== null) ? (['replay_dead_letters'] as const) : [];
  const [needing] = [...own, ...[...waiting, ...filling].filter((name) => builtIns[name] !== false)];
  if (needing === undefined) return;
  problems.push({
    path: 'builtIns.get_task',
    expected: `true, because it reads the result of ${needing}`,
    found: 'false',
  });
}

function checkTimes(task: Task, path: string, problems: Problem[]): void {
  const { totalMs, ttlMs } = policyOf(task);
  if (totalMs <= ttlMs) return;
  const expected = `at most ttlMs, ${ttlMs}`;
  problems.push({ path: `${path}.policy.totalMs`, expected, found: String(totalMs) });
}

function checkPrevious({ version, previous = [] }: Task, path: string, problems: Problem[]): void {
  const versions = new Set([version]);
  for (const [index, older] of previous.entries()) {
    const at = `${path}.previous.${index}`;
    const found = specProblems(taskSpec, older, at);
    problems.push(...found);
    if (found.length > 0) continue;
    if (versions.has(older.version)) {
      problems.push({ path: `${at}.version`, expected: 'a version that no other has', found: older.version });
    }
    versions.add(older.version);
  }
}
