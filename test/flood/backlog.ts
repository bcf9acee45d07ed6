/** Fills the stream whose events are large. */
import type { Deps } from '../../src/streams/deps.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import { publishMany } from '../../src/streams/log/publish-many.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { app } from './app.ts';

/** Events of the backlog, and how many of them are stored at once. */
const BACKLOG = 1_020;
const AT_ONCE = 85;
/** Characters of the text of each. */
const CHARACTERS = 1_100;

export async function fillBacklog(deps: Deps): Promise<void> {
  const scope = scopeOfLogs(deps, { tenant: 'public' });
  for (let from = 0; from < BACKLOG; from += AT_ONCE) {
    const events = Array.from({ length: Math.min(AT_ONCE, BACKLOG - from) }, (_, at) => backlogEvent(from + at));
    await publishMany(scope, findStream(app, 'backlog'), events, { once: null, deadline: Date.now() + 10_000 });
  }
}

function backlogEvent(n: number): { place: string; data: object } {
  return { place: `event ${n}`, data: { device: `device-${n % 20}`, n, text: 'x'.repeat(CHARACTERS) } };
}
