/** Tasks in lines for a terminal. Pure: it decides what is said, and prints nothing. */
import type { ListedTask } from '../../../tasks/records/list.ts';
import type { StepView, TaskView } from '../../../operate/work/task-view.ts';
import { ago, table } from '../../../operate/table.ts';
import { oneLine } from '../../../base/plain.ts';

const MESSAGE_CHARACTERS = 60;
const MARKS: Record<StepView['state'], string> = { done: 'done', tried: 'waits', failed: 'failed' };

export function linesOfList(tasks: readonly ListedTask[], now: number, app: string): string[] {
  if (tasks.length === 0)
    return [
      `No tasks are found of the app ${app}. Those of another are found with --app FILE, and those of a key with --subject, its name.`,
    ];
  const rows = tasks.map(({ taskId, header: { task, status, createdAt, message } }) => {
    return [taskId, task, status, ago(createdAt, now), plain(message ?? '', MESSAGE_CHARACTERS)];
  });
  return table([['ID', 'TASK', 'STATUS', 'AGE', 'MESSAGE'], ...rows]);
}

/** @param now null: times that pass are left out, so that a line changes only where something happened. */
export function linesOfTask({ taskId, header, run, steps }: TaskView, now: number | null): string[] {
  const { task, version, status, message, failure, asks, createdAt, pages } = header;
  const age = now === null ? '' : `, begun ${ago(createdAt, now)} ago`;
  const lines = [`${taskId}  ${task} ${version}  ${status}${age}`];
  if (message !== null) lines.push(`  ${plain(message, 200)}`);
  if (run !== null) {
    const tries = [run.failures > 0 ? `${run.failures} failed` : '', run.lost > 0 ? `${run.lost} lost` : ''];
    const shown = tries.filter((each) => each !== '').join(', ');
    const when = now === null || run.state === 'under way' ? '' : ` ${until(run.at, now)}`;
    lines.push(`  ${run.state}${when}${shown === '' ? '' : ` (entries: ${shown})`}`);
  }
  for (const [key, { params }] of Object.entries(asks))
    lines.push(`  asks ${key}: ${plain(typeof params.message === 'string' ? params.message : '', 200)}`);
  if (failure !== null && failure.expected !== undefined) lines.push(`  expected ${plain(failure.expected, 200)}`);
  if (failure?.hint !== undefined) lines.push(`  ${plain(failure.hint, 200)}`);
  if (pages > 0) lines.push(`  ${pages} pages`);
  const rows = steps.map(({ name, state, failures, error, until: at }) => {
    const tries = failures > 0 ? `${failures} ${failures === 1 ? 'try' : 'tries'} failed` : '';
    const when = at !== null && now !== null ? until(at, now) : '';
    return [`  ${MARKS[state]}`, name, [tries, when].filter((each) => each !== '').join(', '), plain(error ?? '', 120)];
  });
  return [...lines.map(oneLine), ...table(rows)];
}

/** Draws over the lines that were drawn before, of which there may have been more. */
export function redrawn(lines: readonly string[], before: number): string {
  const up = before > 0 ? `\u001b[${before}A\r` : '';
  return `${up}\u001b[J${lines.join('\n')}\n`;
}

/** A text that others wrote, on one line. */
function plain(text: string, most: number): string {
  const line = oneLine(text.replaceAll(/\s+/gu, ' ').trim());
  return line.length > most ? `${line.slice(0, most - 3)}...` : line;
}

function until(at: number, now: number): string {
  return at <= now ? 'now' : `in ${ago(now, at)}`;
}
