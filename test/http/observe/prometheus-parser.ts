/**
 * A strict reader of Prometheus's text format 0.0.4 and of OpenMetrics 1.0, as far as ours use them. It refuses what the official
 * parsers refuse: a family that is told twice or in pieces, samples before their type, series that come twice, buckets that are out
 * of order or do not add up, suffixes that do not fit, labels that are not escaped.
 */
export interface ParsedFamily {
  type: string;
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SUFFIXES: Record<string, readonly string[]> = { histogram: ['_bucket', '_sum', '_count'], gauge: [''] };

export function parseMetrics(text: string, format: 'text' | 'openmetrics'): Map<string, ParsedFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('OpenMetrics ends with # EOF');
  const families = new Map<string, ParsedFamily>();
  const series = new Set<string>();
  let current: { name: string; family: ParsedFamily } | null = null;
  for (const line of lines) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') {
      if (families.has(name)) throw new Error(`${name} is told twice`);
      if (!NAME.test(name)) throw new Error(`${name} is no name`);
      current = { name, family: { type: '', help: rest, samples: [] } };
      families.set(name, current.family);
      continue;
    }
    if (word === 'TYPE') {
      if (current?.name !== name || current.family.type !== '') throw new Error(`TYPE of ${name} stands elsewhere`);
      current.family.type = rest;
      continue;
    }
    if (line.startsWith('#') || line === '') throw new Error(`a line that is nothing: ${line}`);
    if (current === null || current.family.type === '') throw new Error(`a sample without a type: ${line}`);
    const sample = sampleOf(line);
    const { type } = current.family;
    const suffix = sample.name.slice(current.name.length);
    const allowed = type === 'counter' ? [format === 'openmetrics' ? '_total' : ''] : (SUFFIXES[type] ?? []);
    if (!sample.name.startsWith(current.name) || !allowed.includes(suffix)) {
      throw new Error(`${sample.name} does not belong to ${type} ${current.name}`);
    }
    const key = JSON.stringify([sample.name, sorted(sample.labels)]);
    if (series.has(key)) throw new Error(`a series comes twice: ${line}`);
    series.add(key);
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`a counter that is below 0: ${line}`);
    current.family.samples.push(sample);
  }
  for (const [name, { type, samples }] of families) if (type === 'histogram') checkHistogram(name, samples);
  return families;
}

function sampleOf(line: string): ParsedFamily['samples'][number] {
  const [, name = '', inner, number = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  let left = inner ?? '';
  while (left !== '') {
    const [whole, label = '', value = ''] = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(left) ?? [];
    if (whole === undefined) throw new Error(`labels that cannot be read: ${line}`);
    if (label in labels) throw new Error(`a label comes twice: ${line}`);
    labels[label] = value.replaceAll(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
    left = left.slice(whole.length);
  }
  if (!/^(?:[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)$/.test(number)) throw new Error(`no number: ${line}`);
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}

const sorted = (labels: Record<string, string>) => Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));

const isRising = (values: number[], strictly: boolean) =>
  values.every((value, at) => at === 0 || (strictly ? value > (values[at - 1] ?? 0) : value >= (values[at - 1] ?? 0)));

function checkHistogram(name: string, samples: ParsedFamily['samples']): void {
  const groups = new Map<string, { bounds: number[]; counts: number[]; count?: number; sum?: number }>();
  for (const { name: own, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(sorted(others));
    const group = groups.get(key) ?? { bounds: [], counts: [] };
    groups.set(key, group);
    if (own.endsWith('_bucket')) {
      if (le === undefined) throw new Error(`a bucket of ${name} without le`);
      if (le !== '+Inf' && !/[.e]/.test(le)) throw new Error(`le=${le} of ${name} is no float`);
      group.bounds.push(Number(le.replace('+Inf', 'Infinity')));
      group.counts.push(value);
    } else if (own.endsWith('_count')) group.count = value;
    else group.sum = value;
  }
  for (const { bounds, counts, count, sum } of groups.values()) {
    if (!isRising(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`bounds of ${name}`);
    if (!isRising(counts, false) || counts.at(-1) !== count) throw new Error(`counts of ${name} do not add up`);
    if (sum === undefined || sum < 0) throw new Error(`${name} has no sum`);
  }
}
