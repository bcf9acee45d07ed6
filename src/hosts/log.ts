/**
 * The log of the entries: one JSON object a line; on Node on stderr, so that stdout stays free for people and for stdio
 * MCP. At a terminal it is plain text.
 */
import type { JsonObject } from '../base/json.ts';
import type { Log, LogLevel } from '../base/runtime.ts';
import { jsonText, oneLine } from '../base/plain.ts';
import type { FeedReport } from '../feeds/run/run.ts';
import type { SweepReport } from '../feeds/run/sweep.ts';

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface LogOptions {
  /** Plain text for a person at a terminal instead of JSON. */
  plain?: boolean;
  /** Takes one line without its newline, and its level; default: stderr. */
  write?: (line: string, level: LogLevel) => void;
}

export function createLog(least: LogLevel, { plain = false, write = toStderr }: LogOptions = {}): Log {
  const wants = (level: LogLevel) => ORDER.indexOf(level) >= ORDER.indexOf(least);
  const log: Log = (level, message, fields = {}) => {
    if (!wants(level)) return;
    const text = plain
      ? `  ${level}: ${oneLine(message)} ${Object.keys(fields).length > 0 ? jsonText(fields) : ''}`.trimEnd()
      : jsonText(lineOf({ time: new Date().toISOString(), level, message }, fields));
    write(text, level);
  };
  return Object.assign(log, { wants });
}

/** A field named `message` holds the words of an error. It becomes `reason`, so that it does not replace the line's own message. */
function lineOf(own: JsonObject, { message: reason, ...fields }: JsonObject): JsonObject {
  return { ...own, ...fields, ...(reason === undefined ? {} : { reason }), ...own };
}

function toStderr(line: string): void {
  console.error(line);
}

/** The line of a burst: what became of it, and what it cost the store. */
export function logFeed(log: Log, level: LogLevel, report: FeedReport): void {
  const { feed, outcome, state, events, error, spent } = report;
  log(level, `feed ${feed}`, { outcome, state, events, error: error?.message ?? null, ...spent });
}

/** The same of a sweep. */
export function logSweep(log: Log, level: LogLevel, report: SweepReport): void {
  const { projected, collected, more, error, spent } = report;
  log(level, 'sweep', { projected, collected, more, error: error?.message ?? null, ...spent });
}
