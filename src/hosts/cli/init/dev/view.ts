/** What `tidegate dev` tells, in lines for people, or as JSON for tools. Pure, but for the question whether colours are wanted. */
import { styleText } from 'node:util';
import type { JsonObject } from '../../../../base/json.ts';
import { jsonText, oneLine } from '../../../../base/plain.ts';
import type { DevEvent } from './messages.ts';

type Colour = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';
/** Gives a text a colour, where colours are wanted. */
type Paint = (colour: Colour, text: string) => string;

/** As the terminal, `NO_COLOR` and `FORCE_COLOR` say. */
export const painted: Paint = (colour, text) => styleText(colour, text, { stream: process.stdout });

export interface At {
  /** Epoch ms. */
  now: number;
  paint: Paint;
}

const LABEL_CHARACTERS = 10;
const DATA_CHARACTERS = 100;
const CAUSE_LINES = 6;
const INDENT = ' '.repeat(10 + LABEL_CHARACTERS);

/** One object a line, with `time` and `type`. */
export function jsonLineOf(event: DevEvent, now: number): string {
  return jsonText({ time: new Date(now).toISOString(), ...event });
}

export function linesOfEvent(event: DevEvent, at: At): string[] {
  const { colour, label, text, more = [] } = toldOf(event, at.paint);
  const [first = '', ...rest] = [...text.split('\n'), ...more];
  const time = at.paint('dim', new Date(at.now).toTimeString().slice(0, 8));
  const name = at.paint(colour, oneLine(label).padEnd(LABEL_CHARACTERS));
  return [`${time}  ${name}${first}`.trimEnd(), ...rest.map((line) => `${INDENT}${line}`)];
}

/** Words of states that say something else to who does not know them. */
const STATES: Readonly<Record<string, string>> = {
  open: 'failed too often and rests',
  'backing-off': 'failed and is tried again',
};

interface Told {
  colour: Colour;
  label: string;
  /** Lines of ours are parted by line ends; what others wrote has none. */
  text: string;
  more?: readonly string[];
}

function toldOf(event: DevEvent, paint: Paint): Told {
  switch (event.type) {
    case 'watching': {
      const { file, envFile, variables } = event;
      const read = variables.length === 0 ? '' : `; ${envFile} sets ${variables.join(', ')}`;
      return { colour: 'dim', label: 'watching', text: oneLine(`${file}${read}`) };
    }
    case 'serving':
      return servingOf(event, paint);
    case 'changed':
      return { colour: 'cyan', label: 'changed', text: oneLine(event.files.join(', ')) };
    case 'mistake':
      return mistakeOf(event, paint);
    case 'ended': {
      const { status, serving } = event;
      const text = `the process of the app ended by itself (${status})`;
      return { colour: 'red', label: 'ended', text, more: [paint('bold', goesOn(serving))] };
    }
    case 'events': {
      const { stream, count, newest } = event;
      const key = newest.key === null ? '' : `${oneLine(newest.key)}  `;
      return { colour: 'green', label: stream, text: `+${count}  ${key}${cut(jsonText(newest.data))}` };
    }
    case 'feed': {
      const { feed, state, error, rejected } = event;
      const why = error === null ? '' : `: ${oneLine(error)}`;
      const refused = rejected === 0 ? '' : `, ${rejected} rejected (see feed://${feed})`;
      const isWell = state === 'ok' && rejected === 0;
      return {
        colour: isWell ? 'dim' : 'yellow',
        label: 'feed',
        text: `${feed} ${STATES[state] ?? state}${refused}${why}`,
      };
    }
    case 'request': {
      const { what, status, ms, fields } = event;
      const isWell = status < 400;
      const said = isWell ? '' : ` ${factsOf(fields)}`;
      return {
        colour: isWell ? 'cyan' : 'red',
        label: 'request',
        text: `${oneLine(what)}  ${status}  ${ms} ms${said}`,
      };
    }
    case 'log': {
      const { level, message, fields } = event;
      const { cause, ...facts } = fields;
      const more = typeof cause === 'string' ? cause.split('\n').slice(0, CAUSE_LINES) : [];
      const colour = level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim';
      const text = `${oneLine(message)} ${factsOf(facts)}`.trimEnd();
      return { colour, label: level, text, more: more.map((line) => paint('dim', oneLine(line.trim()))) };
    }
    case 'output':
      return { colour: 'dim', label: event.to, text: oneLine(event.text) };
    default:
      return { colour: 'dim', label: event.type, text: 'what was taken in is stored' };
  }
}

function servingOf(event: DevEvent & { type: 'serving' }, paint: Paint): Told {
  const { name, version, url, store, isVolatile, again, ...parts } = event;
  const text = `${paint('bold', `${url}/mcp`)}  ${oneLine(`${name} ${version}`)}`;
  if (again) return { colour: 'green', label: 'serving', text: `${text}, as it is now` };
  const has = (['streams', 'tools', 'tasks'] as const).flatMap((part) =>
    parts[part].length === 0 ? [] : [`${part}: ${parts[part].join(', ')}`],
  );
  const lost = isVolatile ? ', which is empty again after each change' : '';
  return {
    colour: 'green',
    label: 'serving',
    text,
    more: [
      oneLine(`store: ${store}${lost}; ${has.join('; ')}`),
      oneLine(`claude mcp add --transport http ${name} ${url}/mcp`),
      'Ctrl-C ends it',
    ],
  };
}

function mistakeOf({ text, serving, ends }: DevEvent & { type: 'mistake' }, paint: Paint): Told {
  const [first = '', ...rest] = text.replace(/^tidegate: /, '').split('\n');
  const more = [...rest.map(oneLine), paint('bold', ends ? 'Nothing is served: start it again.' : goesOn(serving))];
  return { colour: 'red', label: 'mistake', text: oneLine(first), more };
}

function goesOn(serving: boolean): string {
  return serving ? 'The app goes on as it was before the change.' : 'Nothing is served until a file changes.';
}

function factsOf(fields: JsonObject): string {
  return Object.keys(fields).length === 0 ? '' : cut(jsonText(fields));
}

function cut(text: string): string {
  return text.length > DATA_CHARACTERS ? `${text.slice(0, DATA_CHARACTERS - 1)}…` : text;
}
