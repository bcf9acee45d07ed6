/**
 * How far an action is, on standard error: a bar that is drawn anew on a terminal, a plain line every ten seconds elsewhere. Nothing is
 * told of what ends within a second.
 */
import { columnsOf } from '../../../operate/table.ts';

const FIRST_MS = 1_000;
const REDRAW_MS = 100;
const LINE_MS = 10_000;
const BAR = 30;

interface ProgressOutput {
  isTerminal: boolean;
  columns: number;
  write: (text: string) => void;
  now: () => number;
}

interface ProgressBar {
  tell: (done: number, total: number | null, unit: string) => void;
  /** Takes the bar away. */
  end: () => void;
}

export function createProgressBar({ isTerminal, columns, write, now }: ProgressOutput): ProgressBar {
  const begun = now();
  let told = begun + FIRST_MS - (isTerminal ? REDRAW_MS : LINE_MS);
  let drawn = false;
  return {
    tell(done, total, unit) {
      const at = now();
      if (at - told < (isTerminal ? REDRAW_MS : LINE_MS)) return;
      told = at;
      const line = progressLine({ done, total, unit, elapsedMs: at - begun });
      if (isTerminal) write(`\r\u001b[K${line.slice(0, Math.max(1, columns - 1))}`);
      else write(`${line}\n`);
      drawn = isTerminal;
    },
    end() {
      if (drawn) write('\r\u001b[K');
      drawn = false;
    },
  };
}

function progressLine({
  done,
  total,
  unit,
  elapsedMs,
}: {
  done: number;
  total: number | null;
  unit: string;
  elapsedMs: number;
}): string {
  const rate = elapsedMs > 0 ? Math.round(done / (elapsedMs / 1_000)) : 0;
  if (total === null || total <= 0) return `${done} ${unit}, ${rate} a second`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR);
  const left = share > 0 && share < 1 ? `, ${Math.ceil(((elapsedMs / share) * (1 - share)) / 1_000)} s left` : '';
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}]`;
  const text = `${bar} ${Math.floor(share * 100)} %  ${done} of ${total} ${unit}${left}`;
  return columnsOf(text) > 100 ? `${Math.floor(share * 100)} %` : text;
}
