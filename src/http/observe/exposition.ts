/**
 * Metrics as Prometheus reads them: its text format 0.0.4, and OpenMetrics 1.0 for who asks for it. Pure. Every family is told once,
 * with all of its samples together.
 */

export type Labels = Readonly<Record<string, string>>;

export interface MetricSample {
  labels?: Labels;
  value: number;
}

interface HistogramSample {
  labels?: Labels;
  /** Observations up to each bound of the family, not summed; the last one counts those beyond the greatest bound. */
  counts: readonly number[];
  sum: number;
}

export type Family = {
  /** In snake case with its unit. That of a counter ends with `_total`, and no other does. */
  name: string;
  help: string;
} & (
  | { type: 'counter' | 'gauge'; samples: readonly MetricSample[] }
  | { type: 'histogram'; bounds: readonly number[]; samples: readonly HistogramSample[] }
);

export const gauge = (name: string, help: string, samples: readonly MetricSample[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
});

type MetricsFormat = 'text' | 'openmetrics';

export const METRICS_TYPES: Record<MetricsFormat, string> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** @param accept the header of the request; null: there is none */
export function formatFor(accept: string | null): MetricsFormat {
  const weights = { text: 0, openmetrics: 0 };
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const q = parameters.find((text) => text.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2)) || 0;
    if (type === 'application/openmetrics-text') weights.openmetrics = Math.max(weights.openmetrics, weight);
    if (type === 'text/plain') weights.text = Math.max(weights.text, weight);
  }
  return weights.openmetrics > 0 && weights.openmetrics >= weights.text ? 'openmetrics' : 'text';
}

/** Families without samples are left out. @throws Error where two have one name: that is a defect of ours */
export function expose(families: readonly Family[], format: MetricsFormat): string {
  const lines: string[] = [];
  const named = new Set<string>();
  for (const family of families) {
    // OpenMetrics takes a counter and another metric for one where only the suffix tells them apart.
    const name = family.name.replace(/_total$/, '');
    if (named.has(name)) throw new Error(`the metric ${name} is told twice`);
    named.add(name);
    if (family.samples.length > 0) lines.push(...linesOfFamily(family, format));
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return lines.map((line) => `${line}\n`).join('');
}

function linesOfFamily(family: Family, format: MetricsFormat): string[] {
  const { name, type, help } = family;
  // OpenMetrics names the family of a counter without the suffix of its samples.
  const shown = type === 'counter' && format === 'openmetrics' ? name.replace(/_total$/, '') : name;
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  const head = [
    `# HELP ${shown} ${format === 'openmetrics' ? text.replaceAll('"', '\\"') : text}`,
    `# TYPE ${shown} ${type}`,
  ];
  if (family.type !== 'histogram') {
    return [...head, ...family.samples.map(({ labels, value }) => `${name}${labelText(labels)} ${numberText(value)}`)];
  }
  const { bounds, samples } = family;
  return [...head, ...samples.flatMap((sample) => linesOfHistogram(name, bounds, sample))];
}

/** Buckets count all that is not above their bound, so each holds the one before it. */
function linesOfHistogram(name: string, bounds: readonly number[], { labels, counts, sum }: HistogramSample): string[] {
  let total = 0;
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, at) => {
    total += counts[at] ?? 0;
    return `${name}_bucket${labelText({ ...labels, le: boundText(bound) })} ${numberText(total)}`;
  });
  const own = labelText(labels);
  return [...buckets, `${name}_sum${own} ${numberText(sum)}`, `${name}_count${own} ${numberText(total)}`];
}

function labelText(labels: Labels = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Half of a pair is no UTF-8, and a parser refuses all for it. */
function escaped(value: string): string {
  return value.toWellFormed().replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

/** OpenMetrics wants a bound to look like a float. One form for both keeps a series the same. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
}
