/** What a run has to show, as sentences about what is wrong; none when all promises held. */
import type { Kept } from './kill-run.ts';

export function verdict({ given, found, position, gaps }: Kept): string[] {
  const all = Array.from({ length: given }, (_, n) => n);
  const wrong: string[] = [];
  const say = (stream: string, what: string, count: number) => {
    if (count > 0) wrong.push(`${stream}: ${count} ${what}`);
  };
  for (const [stream, numbers] of Object.entries(found)) {
    const seen = new Set(numbers);
    say(stream, 'lost', all.filter((n) => !seen.has(n)).length);
    if (stream !== 'messages') say(stream, 'twice', numbers.length - seen.size);
  }
  const unordered = found.positioned.filter((n, place) => n !== place).length;
  say('positioned', 'out of order', unordered);
  if (position !== given) wrong.push(`positioned: stands at ${JSON.stringify(position)}, not at ${given}`);
  say('messages', 'gaps', gaps);
  return wrong;
}
