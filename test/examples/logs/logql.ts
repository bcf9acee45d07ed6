/** As much of LogQL as has to be known before Loki is asked: times, selectors, and how far back a query reaches. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };
const unitMs = (unit = '') => UNITS[unit as keyof typeof UNITS] ?? 0;

/** In nanoseconds, as Loki takes it, and so long before it; null for what is no time. */
export function timeOf(text: string, now: number, beforeMs = 0): string | null {
  const [, amount, unit = ''] = /^-(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const at = text === 'now' ? now : amount === undefined ? Date.parse(text) : now - Number(amount) * unitMs(unit);
  return Number.isFinite(at) ? `${Math.round(at - beforeMs)}000000` : null;
}

/** The selectors in a query, each once; braces within texts and comments are none. */
export function selectorsOf(query: string): string[] {
  const found = query.match(/"(?:\\.|[^"\\])*"|`[^`]*`|#.*|\{(?:[^{}"`]|"(?:\\.|[^"\\])*"|`[^`]*`)*\}/g) ?? [];
  return [...new Set(found.filter((text) => text.startsWith('{')))];
}

/** How long before its beginning a query reads: ranges and offsets, ms. */
export function reachOf(query: string): number {
  const spans = query.replace(/"(?:\\.|[^"\\])*"|`[^`]*`|#.*/g, '').match(/\[[^\]]*\]|offset\s+\w+/g) ?? [];
  const each = spans.join().matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g);
  return [...each].reduce((sum, [, amount, unit]) => sum + Number(amount) * unitMs(unit), 0);
}
