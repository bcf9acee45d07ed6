/**
 * `tidegate triggers`: says when a trigger would have fired in the past of its streams, and lists what the triggers have found, in
 * the store that the environment names. It judges nothing that is stored, and changes nothing.
 */
import { TidegateError } from '../../../base/errors.ts';
import { knownName } from '../../../base/known-names.ts';
import { jsonText, oneLine } from '../../../base/plain.ts';
import { PUBLIC, safePrincipal } from '../../../base/principal.ts';
import { isoTime, parseTime } from '../../../base/time/time-text.ts';
import type { OccurrenceData } from '../../../declare/trigger.ts';
import { readNodeConfig } from '../../platforms/node-config.ts';
import { ofStream, scopeOf, type Scope } from '../../../streams/scope.ts';
import { readTriggers } from '../../../triggers/list.ts';
import { makeOccurrence } from '../../../triggers/occurrence.ts';
import { tryCondition } from '../../../triggers/try.ts';
import { createLog } from '../../log.ts';
import { tellMisspelt } from '../../misspelt.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { openNodeStore } from '../../node/store.ts';
import type { CommandCall } from '../kit/command.ts';
import { readArguments, unknownWord } from '../kit/arguments.ts';
import { ago, table } from '../../../operate/table.ts';
import { TRIGGER_COMMANDS } from '../kit/usage.ts';

const OPTIONS = {
  app: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string', default: 'now' },
  tenant: { type: 'string', default: PUBLIC.tenant },
  json: { type: 'boolean', default: false },
} as const;

interface TriggerValues {
  app?: string;
  from?: string;
  to: string;
  tenant: string;
  json: boolean;
}

/** Most firings that are told, and most entries of each stream that are looked at. */
const MOST_TOLD = 1_000;
const MOST_ENTRIES = 1_000_000;
const READ_MS = 10 * 60_000;

/** Answers the exit status. @throws TidegateError for a time that is wrong, a store that cannot be reached, an app that is none. */
export async function triggersCommand(command: CommandCall): Promise<number> {
  const { args, loadApp, environment, misused, print = (line) => console.log(line) } = command;
  // A time before now begins with a dash, and is no option.
  const joined = args.flatMap((arg, index) =>
    isTimeOf(args[index - 1]) ? [] : [isTimeOf(arg) ? `${arg}=${args[index + 1] ?? ''}` : arg],
  );
  const read = readArguments(joined, OPTIONS, 'triggers');
  if (read.wrong !== null) return misused(read.wrong);
  const values = read.values as unknown as TriggerValues;
  const [verb, name, extra] = read.positionals;
  if (verb === undefined) return misused(`triggers needs one of ${TRIGGER_COMMANDS.join(', ')}`);
  if (!TRIGGER_COMMANDS.some((known) => known === verb)) return misused(unknownWord(verb, TRIGGER_COMMANDS, null));
  const rest = verb === 'list' ? name : extra;
  if (rest !== undefined) return misused(unknownWord(rest, [], `triggers ${verb}`));
  if (verb === 'try' && name === undefined) return misused('triggers try needs the name of a trigger');
  if (verb === 'try' && values.from === undefined) return misused('triggers try needs --from, such as --from -7d');

  const config = readNodeConfig(environment);
  const app = await loadApp(values.app ?? null);
  const runtime = nodeRuntime(createLog(config.logLevel, { plain: process.stderr.isTTY }));
  tellMisspelt(config, app, runtime.log);
  const trigger = name === undefined ? undefined : app.triggers.get(name);
  if (name !== undefined && trigger === undefined) {
    return misused(`there is no trigger ${name}: expected ${knownName(name, [...app.triggers.keys()], 'triggers')}`);
  }
  const store = await openNodeStore(config, runtime, app.name);
  try {
    const { tenant } = await safePrincipal({ ...PUBLIC, tenant: values.tenant });
    const scope = scopeOf({ app, store, runtime }, { tenant });
    if (trigger === undefined) await list(scope, values.json, print);
    else await tryOne(scope, trigger, values, print);
    return 0;
  } finally {
    await store.close();
  }
}

function isTimeOf(arg: string | undefined): boolean {
  return arg === '--from' || arg === '--to';
}

async function tryOne(
  scope: Scope,
  trigger: Parameters<typeof makeOccurrence>[0],
  { from = '-7d', to, json }: TriggerValues,
  print: (line: string) => void,
): Promise<void> {
  const now = scope.runtime.now();
  const range = { from: parseTime(from, now, 'from'), to: parseTime(to, now, 'to') };
  if (range.from >= range.to) {
    throw new TidegateError(
      'invalid_input',
      `the range ends before it starts: ${isoTime(range.from)} to ${isoTime(range.to)}`,
      {
        field: 'from',
        expected: 'a time before --to',
      },
    );
  }
  const asked = { ...range, most: MOST_TOLD, entries: MOST_ENTRIES, deadline: now + READ_MS };
  const { count, moments, events, readFrom } = await tryCondition(scope, trigger, asked);
  const { tenant } = ofStream(scope, trigger);
  const made = [];
  for (const moment of moments) made.push(await makeOccurrence(trigger, tenant, moment, scope.runtime));
  const firings = made.map(({ event, troubles }) => {
    const { title, value, payload } = event.data as unknown as OccurrenceData;
    const broken = troubles.map(({ what, reason }) => `${what}: ${reason}`);
    return { at: isoTime(event.time), key: event.key ?? null, value, title, payload, broken };
  });
  if (json) {
    const reached = readFrom === null ? null : isoTime(readFrom);
    print(JSON.stringify({ trigger: trigger.name, count, events, readFrom: reached, firings }));
    return;
  }
  print(
    oneLine(
      `${trigger.name} would have fired ${count} times, by ${events} events from ${isoTime(range.from)} to ${isoTime(range.to)}.`,
    ),
  );
  if (readFrom !== null) print(`What came before ${isoTime(readFrom)} was not looked at.`);
  for (const { at, title, broken } of firings) {
    print(oneLine(`${at}  ${title}${broken.length === 0 ? '' : `  (broke: ${broken.join('; ')})`}`));
  }
  if (count > firings.length) print(`and ${count - firings.length} more`);
}

async function list(scope: Scope, json: boolean, print: (line: string) => void): Promise<void> {
  const states = await readTriggers(scope, [...scope.app.triggers.values()]);
  const now = scope.runtime.now();
  const rows = states.map(({ trigger, stored }) => ({
    name: trigger.name,
    streams: [...new Set(trigger.on.values())],
    counts: stored?.counts ?? null,
    last: stored?.last ?? null,
    judgedAt: stored?.storedAt ?? null,
    late: stored?.late ?? [],
    troubles: stored?.troubles ?? [],
  }));
  if (json) {
    for (const row of rows) print(jsonText(row));
    return;
  }
  if (rows.length === 0) print('The app declares no triggers.');
  const head = ['TRIGGER', 'STREAMS', 'FIRED', 'LAST', 'LATE', 'BROKEN', 'STORED'];
  const cells = rows.map(({ name, streams, counts, last, judgedAt }) => [
    name,
    streams.join(', '),
    String(counts?.holding ?? 0),
    last === null ? '' : `${ago(last.time, now)} ago, ${last.title}`,
    String(counts?.late ?? 0),
    String(counts?.broken ?? 0),
    judgedAt === null ? 'never' : `${ago(judgedAt, now)} ago`,
  ]);
  if (rows.length > 0) for (const line of table([head, ...cells])) print(line);
}
