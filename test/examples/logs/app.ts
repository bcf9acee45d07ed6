/**
 * The tools of Grafana's Loki server as declarations, with a look at Loki's index before a query: what would read too much
 * is not asked. Where Loki is and who asks is the operator's to say, so `url`, `username`, `password` and `token` are no arguments.
 */
import * as z from 'zod';
import { api, defineApp, httpTool, secret } from 'tidegate';
import { reachOf, selectorsOf, timeOf } from './logql.ts';

const url = process.env['LOKI_URL'] ?? 'http://localhost:3100';
const mostBytes = Number(process.env['LOKI_MOST_BYTES'] ?? 1024 ** 3);
const org = process.env['LOKI_ORG_ID'];

const loki = api({
  name: 'loki',
  url: `${url}/loki/api/v1`,
  allow: [new URL(url).host],
  headers: { Authorization: secret('LOKI_TOKEN', (token) => `Bearer ${token}`, { optional: true }) },
});

const Time = z
  .string()
  .refine((text) => timeOf(text, 0) !== null, 'expected now, -1h, -30m or a time such as 2026-11-20T12:00:00Z');
const Org = z.string().regex(/^[\w.|-]+$/);
const times = {
  start: Time.default('-1h').describe('now, -1h, -30m, or a time such as 2026-11-20T12:00:00Z'),
  end: Time.default('now'),
  org: org === undefined ? Org.optional() : Org.default(org),
};
const format = z
  .enum(['raw', 'json', 'text'])
  .default('raw')
  .describe('Of the text; the structured content is the same');
type Range = { start: string; end: string };

const range = {
  start: ({ start }: Range, { now }: { now: number }) => timeOf(start, now),
  end: ({ end }: Range, { now }: { now: number }) => timeOf(end, now),
};
const shared = { api: loki, headers: { 'X-Scope-OrgID': '{org}' } } as const;

const Stream = z.object({
  stream: z.record(z.string(), z.string()),
  values: z.array(z.tuple([z.string(), z.string()])),
});
const Result = z.object({ data: z.object({ resultType: z.string(), result: z.array(z.unknown()) }) });
const Line = z.object({ time: z.string(), labels: z.record(z.string(), z.string()), line: z.string() });

// #region guard
const lokiQuery = httpTool({
  ...shared,
  description: 'Lines of the logs that a LogQL query finds, the newest first.',
  input: z.object({
    query: z
      .string()
      .refine((query) => selectorsOf(query).length === 1, 'expected LogQL with one selector, {label="value"}'),
    ...times,
    limit: z.int().min(1).max(5_000).default(100),
    format,
  }),
  url: '/query_range',
  query: range,
  unsent: ['format'],
  guard: {
    url: '/index/stats',
    query: {
      query: ({ query }) => selectorsOf(query)[0],
      start: ({ query, start }, { now }) => timeOf(start, now, reachOf(query)),
      end: range.end,
    },
    refuse: ({ body }) => {
      const { bytes, streams } = z.object({ bytes: z.number(), streams: z.number() }).parse(body);
      if (bytes <= mostBytes) return null;
      const [asked, most] = [bytes, mostBytes].map((size) => `${(size / 1024 ** 2).toFixed(1)} MiB`);
      return `The query would read about ${asked} of ${streams} streams, and ${most} are allowed: name more labels, or a shorter time.`;
    },
  },
  item: Line,
  pick: linesOf,
  text: ({ items }, { format }) => (format === 'json' ? JSON.stringify(items) : items.map(lineText(format)).join('\n')),
});
// #endregion

function linesOf(body: unknown): z.infer<typeof Line>[] {
  const { resultType, result } = Result.parse(body).data;
  if (resultType !== 'streams') {
    return result.map((each) => ({ time: '', labels: {}, line: JSON.stringify(each) }));
  }
  const lines = z
    .array(Stream)
    .parse(result)
    .flatMap(({ stream, values }) => values.map(([at, line]) => ({ at, stream, line })));
  lines.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  return lines.map(({ at, stream, line }) => ({
    time: new Date(Number(at.slice(0, -6))).toISOString(),
    labels: stream,
    line,
  }));
}

const lineText =
  (format: string) =>
  ({ time, labels, line }: z.infer<typeof Line>) => {
    const names = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    return format === 'raw' ? `${time} {${names.join(',')}} ${line}` : `[${time}] ${line}`;
  };
// Where there is none, Loki leaves `data` out.
const namesOf = (body: unknown) => z.object({ data: z.array(z.string()).default([]) }).parse(body).data;
const listText = ({ items }: { items: string[] }, { format }: { format: string }) =>
  format === 'json' ? JSON.stringify(items) : items.join('\n');

export default defineApp({
  name: 'logs',
  version: '1.0.0',
  description: 'Logs in Grafana Loki',
  tools: {
    loki_query: lokiQuery,
    loki_label_names: httpTool({
      ...shared,
      description: 'Names of the labels that logs have.',
      input: z.object({ ...times, format }),
      url: '/labels',
      query: range,
      unsent: ['format'],
      item: z.string(),
      pick: namesOf,
      text: listText,
    }),
    loki_label_values: httpTool({
      ...shared,
      description: 'Values of a label.',
      input: z.object({ label: z.string().regex(/^[a-zA-Z_]\w*$/), ...times, format }),
      url: '/label/{label}/values',
      query: range,
      unsent: ['format'],
      item: z.string(),
      pick: namesOf,
      text: listText,
    }),
  },
});
