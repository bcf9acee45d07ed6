/** What happens in an app that is served, made of its log, the reports of its feeds and the ends of its streams. */
import type { JsonObject } from '../../../../base/json.ts';
import type { Log, LogLevel } from '../../../../base/runtime.ts';
import type { AppStreams } from '../../../../declare/app-streams.ts';
import type { IngestReport } from '../../../../feeds/run/run.ts';
import type { Happening } from './messages.ts';

type Tell = (happening: Happening) => void;

const ORDER: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** The reports of feeds tell the same, once. */
const FAILED = 'a feed failed';

/**
 * The log of the app: its lines of requests whatever their level, and others from `least` on.
 * @param onWork called after a request that may have appended events
 */
export function devLog(least: LogLevel, tell: Tell, onWork: () => void): Log {
  return (level, message, fields = {}) => {
    if (message === 'request') {
      tell(requestOf(fields));
      if (fields['method'] === 'POST') onWork();
    } else if (message !== FAILED && ORDER.indexOf(level) >= ORDER.indexOf(least))
      tell({ type: 'log', level, message, fields });
  };
}

function requestOf(given: JsonObject): Happening {
  const { method, path, mcp, name, status, ms, ...fields } = given;
  const words = [mcp ?? method, mcp === undefined ? path : name].filter((word) => typeof word === 'string');
  return { type: 'request', what: words.join(' '), status: Number(status), ms: Number(ms), fields };
}

/** Tells of a feed when its state changes, and when items of it are rejected. */
export function createFeedWatch(tell: Tell): (report: IngestReport) => void {
  const states = new Map<string, string>();
  return ({ feeds }) => {
    for (const { feed, state, outcome, rejected, error } of feeds) {
      if (outcome === 'waiting' || outcome === 'no-time') continue;
      const shown = outcome === 'leased' ? 'leased by another process' : state;
      if (states.get(feed) === shown && rejected === 0) continue;
      states.set(feed, shown);
      tell({ type: 'feed', feed, state: shown, error: error?.message ?? null, rejected });
    }
  };
}

/** Most events of a stream that are read at once. */
const MOST = 500;

export interface StreamWatch {
  /** Looks soon at what is new; returns at once. */
  look: () => void;
}

/** Tells what streams got since the last look. The first look of a stream begins at its end of then. */
export function createStreamWatch(streams: Pick<AppStreams, 'names' | 'last' | 'read'>, tell: Tell): StreamWatch {
  const cursors = new Map<string, string | null>();
  let looking: Promise<void> | null = null;
  let isAgain = false;

  async function read(stream: string): Promise<void> {
    if (!cursors.has(stream)) {
      cursors.set(stream, (await streams.last(stream, 1)).cursor);
      return;
    }
    const { events, cursor } = await streams.read(stream, cursors.get(stream) ?? null, MOST);
    if (cursor !== null) cursors.set(stream, cursor);
    const newest = events.at(-1);
    if (newest === undefined) return;
    const { key = null, time, data } = newest;
    tell({ type: 'events', stream, count: events.length, newest: { key, time, data } });
    if (events.length === MOST) await read(stream);
  }

  async function readAll(): Promise<void> {
    do {
      isAgain = false;
      for (const stream of streams.names()) {
        // What cannot be read is told by whoever needs it. A stream of each tenant's own is not this caller's.
        await read(stream).catch(() => {});
      }
    } while (isAgain);
    looking = null;
  }

  const look = () => {
    if (looking !== null) isAgain = true;
    else looking = readAll();
  };
  look();
  return { look };
}
