/**
 * Events and what became of a condition, short enough to stand in a table. `12a=31@5#x` came at 12, of key `a`, with
 * `{ v: 31 }` for data; it happened at 5 (else when it came) and has the id `x` (else one of its own). `12:31` has 31
 * itself for data, `12=` has no `v`, `12=!` is a gap. `+a@12` began to hold at 12, of key `a`; `-a@12` ceased.
 */
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import type { ConditionState } from '../../../src/streams/conditions/state.ts';
import { begin, step, tick, type Transition, type Watch } from '../../../src/streams/conditions/condition.ts';

export interface Arrival {
  at: number;
  event: LoggedEvent;
}

const FORM = /^(\d+)([a-z]\w*)?([=:])([^@#]*)(?:@(-?[\de]+))?(?:#(\w+))?$/;

export function arrivals(text: string): Arrival[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => {
      const [, at, key, form, value = '', time, id] = FORM.exec(word) ?? [];
      if (at === undefined) throw new Error(`not an event: ${word}`);
      const read = valueOf(value);
      const event = {
        id: id ?? `e${index}`,
        time: Number(time ?? at),
        data: form === ':' ? read : value === '!' ? null : value === '' ? {} : { v: read },
        ...(key === undefined ? {} : { key }),
        ...(value === '!' ? { meta: { gap: { reason: 'lost' } } } : {}),
      } as LoggedEvent;
      return { at: Number(at), event };
    });
}

function valueOf(text: string): Json {
  const numbers: Record<string, number> = { NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY };
  if (text in numbers) return numbers[text] ?? null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export interface Ran {
  state: ConditionState;
  holds: boolean;
  transitions: Transition[];
}

/** From a begin at 0 on; at the end time goes on to `until`. */
export function run(watch: Watch<LoggedEvent>, events: string | readonly Arrival[], until = 0): Ran {
  const all = typeof events === 'string' ? arrivals(events) : events;
  const ran: Ran = { state: begin(watch, 0), holds: false, transitions: [] };
  const take = ({ state, holds, transitions }: Ran) => {
    Object.assign(ran, { state, holds });
    ran.transitions.push(...transitions);
  };
  for (const { event, at } of all) take(step(watch, ran.state, event, at) as Ran);
  take(tick(watch, ran.state, until) as Ran);
  return ran;
}

export function told({ became, key, at, forgotten }: Transition): string {
  return `${became === 'holding' ? '+' : '-'}${key ?? ''}@${at}${forgotten ? ' forgotten' : ''}`;
}

/** What becomes of the condition, in words divided by spaces. */
export function toldOf(...given: Parameters<typeof run>): string {
  return run(...given)
    .transitions.map(told)
    .join(' ');
}
