/** One side of a flood in a process of its own: `hostile PORT CONNECTIONS KIND…` or `good PORT CLIENTS`; what it saw is its last line. */
import { startGood } from './good.ts';
import { startHostile } from './hostile.ts';

const [side, port, count, ...kinds] = process.argv.slice(2);
const good = side === 'good' ? startGood(Number(port), Number(count)) : null;
const hostile = good === null ? startHostile(Number(port), kinds, Number(count)) : null;
console.log('listening');
process.once('SIGTERM', () => {
  good?.stop();
  hostile?.stop();
  process.stdout.write(`${JSON.stringify({ asked: good?.asked ?? [], closed: hostile?.closed() ?? 0 })}\n`, () =>
    process.exit(0),
  );
});
