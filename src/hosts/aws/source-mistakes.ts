/** What is wrong with the sources of a deployment, which would fail in the middle of it, or lose without a word. Pure. */
import { knownName } from '../../base/known-names.ts';
import type { App } from '../../declare/app.ts';
import type { SourceKind } from '../../feeds/aws/feed.ts';
import { appNeeds } from '../platforms/app-needs.ts';
import type { Mistake } from '../platforms/aws-checks.ts';
import { KINESIS_BATCH, type Source } from './sources.ts';

interface Form {
  /** The setting by which the kind of the feed is known. */
  setting: string;
  example: string;
  /** What else may be said. */
  more: readonly string[];
  isRight: (value: unknown) => boolean;
  expected: string;
  /** Most records of a call; null: it has none. */
  mostBatch: number | null;
}

const KINESIS_ARN = /^arn:[\w-]+:kinesis:[\w-]+:\d+:stream\/[\w.-]+$/;
const SQS_ARN = /^arn:[\w-]+:sqs:[\w-]+:\d+:[\w-]+(\.fifo)?$/;
const BUS_ARN = /^arn:[\w-]+:events:[\w-]+:\d+:event-bus\/[\w./-]+$/;
/** A text that CDK knows later, such as a value of another stack. */
const LATER = /\$\{Token\[/;

const isArn = (value: unknown, form: RegExp, construct: string) =>
  typeof value === 'string' ? form.test(value) || LATER.test(value) : isObject(value) && construct in value;

const FORMS: Readonly<Record<SourceKind, Form>> = {
  kinesis: {
    setting: 'kinesis',
    example: "'arn:aws:kinesis:…'",
    more: ['from', 'batch'],
    isRight: (value) => isArn(value, KINESIS_ARN, 'streamArn'),
    expected: 'the stream, or its ARN, such as arn:aws:kinesis:eu-central-1:123456789012:stream/quotes',
    mostBatch: 1_000,
  },
  sqs: {
    setting: 'sqs',
    example: "'arn:aws:sqs:…'",
    more: ['batch'],
    isRight: (value) => isArn(value, SQS_ARN, 'queueArn'),
    expected: 'the queue, or its ARN (no URL), such as arn:aws:sqs:eu-central-1:123456789012:jobs',
    mostBatch: 10,
  },
  iot: {
    setting: 'iot',
    example: '"SELECT * FROM \'plant/+/temperature\'"',
    more: [],
    isRight: (value) => typeof value === 'string' && /^\s*SELECT\s/i.test(value),
    expected: "the rule’s SQL, such as SELECT * FROM 'plant/+/temperature'",
    mostBatch: null,
  },
  eventbridge: {
    setting: 'eventBridge',
    example: "{ source: ['shop'] }",
    more: ['bus'],
    isRight: (value) => isObject(value) && Object.keys(value).length > 0,
    expected: "a pattern of events, such as { source: ['shop'] }",
    mostBatch: null,
  },
};

/** Each of its source by the feed's name. */
export function sourceMistakes(app: App, sources: Readonly<Record<string, Source>>): Mistake[] {
  const { handed } = appNeeds(app);
  const names = handed.map(({ feed }) => feed);
  const stray = Object.keys(sources).filter((name) => !names.includes(name));
  return [
    ...handed.flatMap(({ feed, kind }) => ofSource(feed, FORMS[kind], sources[feed], dedupeOf(app, feed))),
    ...stray.map((name) => ({
      field: `sources.${name}`,
      expected: knownName(name, names, 'feeds that are handed their records'),
      hint: 'declare it in the app, as a feed of kinesis(), sqs(), iot() or eventBridge(), or leave the source out',
    })),
  ];
}

function ofSource(feed: string, form: Form, source: unknown, dedupe: number): Mistake[] {
  const { setting, example, more, isRight, expected, mostBatch } = form;
  const field = `sources.${feed}`;
  const hint = `say where from: sources: { ${feed}: { ${setting}: ${example} } }`;
  if (!isObject(source) || !(setting in source)) {
    return [{ field, expected: `{ ${setting}: … }, because that feed is handed its records`, hint }];
  }
  const mistakes: Mistake[] = [];
  const known = [setting, ...more];
  for (const name of Object.keys(source).filter((each) => !known.includes(each))) {
    mistakes.push({
      field: `${field}.${name}`,
      expected: knownName(name, known, 'settings of that source'),
      hint: 'leave it out',
    });
  }
  const { from, bus, batch = setting === 'kinesis' ? KINESIS_BATCH : undefined } = source;
  if (!isRight(source[setting])) mistakes.push({ field: `${field}.${setting}`, expected, hint });
  if (more.includes('from') && from !== undefined && from !== 'latest' && from !== 'oldest') {
    const told = 'leave it out to begin with what comes';
    mistakes.push({ field: `${field}.from`, expected: 'latest or oldest', hint: told });
  }
  if (more.includes('bus') && bus !== undefined && !isArn(bus, BUS_ARN, 'eventBusArn')) {
    mistakes.push({
      field: `${field}.bus`,
      expected: 'the bus, or its ARN, such as arn:aws:events:eu-central-1:123456789012:event-bus/shop',
      hint: 'leave it out for the bus of the account',
    });
  }
  if (mostBatch !== null && batch !== undefined) mistakes.push(...ofBatch(`${field}.batch`, batch, mostBatch, dedupe));
  return mistakes;
}

function ofBatch(field: string, batch: unknown, most: number, dedupe: number): Mistake[] {
  if (!Number.isInteger(batch) || Number(batch) < 1 || Number(batch) > most) {
    return [{ field, expected: `a whole number from 1 to ${most}`, hint: 'leave it out for the default' }];
  }
  if (Number(batch) <= dedupe) return [];
  const expected = `at most ${dedupe}, because the stream knows so many of its newest events again (dedupe)`;
  return [{ field, expected, hint: 'lower it, or raise dedupe of the stream: what comes again would be stored twice' }];
}

function dedupeOf(app: App, feed: string): number {
  const [target] = app.feeds.get(feed)?.targets ?? [];
  return app.streams.get(target?.stream ?? '')?.dedupe ?? Number.POSITIVE_INFINITY;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
