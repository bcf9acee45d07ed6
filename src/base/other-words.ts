/** Words of other query languages, of models and of other software for names that are called otherwise here. Pure. */
/** By the word that is written, names for the same thing. The first that exists where the word stands is meant. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  gt: ['above'],
  greaterThan: ['above'],
  over: ['above'],
  gte: ['atLeast'],
  min: ['atLeast'],
  lt: ['below'],
  lessThan: ['below'],
  under: ['below'],
  lte: ['atMost'],
  max: ['atMost', 'limit', 'events'],
  eq: ['equals'],
  is: ['equals'],
  ne: ['not'],
  neq: ['not'],
  in: ['oneOf'],
  anyOf: ['oneOf'],
  has: ['contains'],
  includes: ['contains'],
  regex: ['like'],
  pattern: ['like'],
  filter: ['where'],
  filters: ['where'],
  start: ['from'],
  since: ['from'],
  begin: ['from'],
  startTime: ['from'],
  end: ['to'],
  until: ['to'],
  endTime: ['to'],
  key: ['keys'],
  keys: ['key'],
  count: ['limit', 'events'],
  size: ['limit'],
  n: ['limit'],
  interval: ['window', 'everyMs'],
  bucket: ['window'],
  groupBy: ['by'],
  sort: ['order'],
  tz: ['zone'],
  timezone: ['zone'],
  timestamp: ['time'],
  date: ['time'],
  timeout: ['seconds', 'timeoutMs'],
  name: ['stream'],
  id: ['task', 'stream'],
  taskId: ['task'],
  next: ['cursor', 'after'],
  handler: ['run', 'read', 'pull'],
  execute: ['run'],
  callback: ['run', 'read', 'pull'],
  inputSchema: ['input'],
  outputSchema: ['output'],
  parameters: ['input', 'arguments'],
  shape: ['schema'],
  primaryKey: ['key'],
  every: ['everyMs'],
  poll: ['everyMs'],
  intervalMs: ['everyMs'],
  maxAge: ['ageMs'],
  ttlMs: ['ageMs'],
  params: ['query'],
  endpoint: ['url'],
  transform: ['pick'],
  topics: ['topic'],
};

const plain = (word: string) => word.replace(/^\$/, '').replaceAll(/[_-]/g, '').toLowerCase();
const BY_WORD = new Map(Object.entries(NAMES).map(([word, names]) => [plain(word), names]));

/** The one of these names that is another spelling of a word, or another word for the same; null where none is. */
export function otherWord(written: string, names: readonly string[]): string | null {
  const same = names.find((name) => plain(name) === plain(written));
  if (same !== undefined) return same;
  const others = BY_WORD.get(plain(written)) ?? [];
  return others.find((name) => names.includes(name)) ?? null;
}
