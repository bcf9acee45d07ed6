/** Ways in which a message goes wrong, for tests that send very many of them: values, headers, and replacements under a seed. */

/** Stands for lists within lists, as deep as a body may just be: what is deeper is refused before it is served. */
export const DEEP = 'DEEP';
const DEEP_LISTS = `${'['.repeat(240)}${']'.repeat(240)}`;

export const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  'x'.repeat(5_000),
  '__proto__',
  [],
  [null],
  {},
  { a: { b: 1 } },
  DEEP,
];

export const HEADER_VALUES = ['', '2025-11-25', '1999-01-01', 'tools/call', 'x', '=?base64?!?=', '=?base64?eA==?='];

/** As JSON, with `DEEP` as what it stands for. */
export function textOf(message: unknown): string {
  return JSON.stringify(message).replaceAll(`"${DEEP}"`, DEEP_LISTS);
}

/** Mulberry32. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** Replaces, adds or removes one value somewhere below `node`. */
export function mutate(node: Record<string, unknown>, random: (below: number) => number): void {
  const keys = Object.keys(node);
  const key = random(8) === 0 || keys.length === 0 ? 'extra' : (keys[random(keys.length)] ?? 'extra');
  const child = node[key];
  if (typeof child === 'object' && child !== null && !Array.isArray(child) && random(3) > 0) {
    mutate(child as Record<string, unknown>, random);
  } else if (random(4) === 0) delete node[key];
  else node[key] = structuredClone(WRONG[random(WRONG.length)]);
}
