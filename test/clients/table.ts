/** The rows of the table, and what is printed of them. Pure. */
import type { Outcome } from './journey.ts';

export interface Row {
  client: string;
  transport: string;
  /** That was negotiated. */
  revision: string | null;
  /** Null: it did not get so far. */
  outcome: Outcome | null;
  messages: number;
  /** Null: they were not checked. */
  invalid: string[] | null;
  /** Why it did not get so far. */
  reason: string | null;
}

const COLUMNS = ['client', 'transport', 'revision', 'calls', 'held back', 'events', 'task', 'messages', 'invalid'];
const FIRST_FAULTS = 12;

export function passed({ outcome, invalid, reason }: Row): boolean {
  return reason === null && outcome !== null && outcome.faults.length === 0 && (invalid ?? []).length === 0;
}

function listed(texts: readonly string[]): string {
  return texts.length === 0 ? '–' : texts.join(', ');
}

function cells({ client, transport, revision, outcome, messages, invalid }: Row): string[] {
  const { worked = 0, asked = 0, held = [], events = [], task = [] } = outcome ?? {};
  const checked = invalid === null ? 'not checked' : String(invalid.length);
  const told = [`${worked} of ${asked}`, String(held.length), listed(events), listed(task), String(messages), checked];
  return [client, transport, revision ?? '–', ...told];
}

/** A row as it comes, with its faults below. */
export function printed(row: Row): string[] {
  const { outcome, invalid, reason } = row;
  const faults = [...(reason === null ? [] : [reason]), ...(outcome?.faults ?? []), ...(invalid ?? [])];
  const more = faults.length > FIRST_FAULTS ? [`        and ${faults.length - FIRST_FAULTS} more`] : [];
  return [
    `${passed(row) ? 'pass' : 'FAIL'}  ${cells(row).join(' | ')}`,
    ...(outcome?.held ?? []).slice(0, 2).map((line) => `        held back: ${line}`),
    ...faults.slice(0, FIRST_FAULTS).map((line) => `        ${line}`),
    ...more,
  ];
}

export function table(rows: readonly Row[]): string[] {
  const lines = [COLUMNS, COLUMNS.map(() => '---'), ...rows.map(cells)];
  return lines.map((line) => `| ${line.join(' | ')} |`);
}
