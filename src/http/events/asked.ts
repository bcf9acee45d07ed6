/** What the URL and the headers of a stream of events ask for. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { type Json, parseJson } from '../../base/json.ts';
import { knownName } from '../../base/known-names.ts';
import type { EventSource, Selection } from '../../streams/sources/sources.ts';

export interface AskedEvents {
  selection: Selection;
  /** Behind which event to go on; null: with what comes from now on. */
  cursor: string | null;
}

const NAMES = ['key', 'keys', 'where', 'ends', 'trigger', 'severity', 'lastEventId'] as const;
const TRUTHS: Readonly<Record<string, boolean>> = { true: true, false: false };

/**
 * `keys=a,b` has several keys, and each `key=` one, whatever stands in it; `where` is JSON. `Last-Event-ID`, which browsers send when
 * they come back, goes before `lastEventId` of the URL, which stays the same.
 * @throws TidegateError `invalid_input` naming the parameter
 */
export function askedEvents(source: EventSource, query: URLSearchParams, headers: Headers): AskedEvents {
  for (const name of query.keys()) {
    if (!(NAMES as readonly string[]).includes(name)) {
      const expected = knownName(name, [...NAMES], 'parameters');
      throw new TidegateError('invalid_input', `there is no parameter ${name.slice(0, 64)}`, { field: name, expected });
    }
  }
  const keys = [...query.getAll('key'), ...query.getAll('keys').flatMap((text) => text.split(','))].filter(Boolean);
  const [where, ends] = [query.get('where'), query.get('ends')];
  const listed = (name: string) => query.getAll(name).flatMap((text) => text.split(','));
  const [severities, triggers] = [listed('severity'), listed('trigger')];
  const asked = {
    ...(keys.length > 0 ? { keys: [...new Set(keys)] } : {}),
    ...(where === null ? {} : { where: whereOf(where) }),
    ...(ends === null ? {} : { ends: TRUTHS[ends] ?? ends }),
    ...(severities.length > 0 ? { severity: severities } : {}),
    ...(triggers.length > 0 ? { triggers } : {}),
  };
  const cursor = headers.get('last-event-id') ?? query.get('lastEventId');
  return { selection: selected(source, asked), cursor: cursor === '' ? null : cursor };
}

function whereOf(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    const expected = 'JSON such as {"celsius":{"above":30}}, with its characters encoded for a URL';
    throw new TidegateError('invalid_input', 'where is no JSON', { field: 'where', expected });
  }
}

/** The sources name their arguments, which are parameters here. */
function selected(source: EventSource, asked: object): Selection {
  try {
    return source.select(asked);
  } catch (thrown) {
    if (!(thrown instanceof TidegateError) || thrown.field === null) throw thrown;
    const { code, message, field, expected, hint } = thrown;
    throw new TidegateError(code, message.replaceAll('arguments.', ''), {
      field: field.replace(/^arguments\./, ''),
      ...(expected === null ? {} : { expected }),
      ...(hint === null ? {} : { hint }),
    });
  }
}
