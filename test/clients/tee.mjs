/**
 * Stands between a client and a server that speak over standard input and output, and writes each line that passes into a
 * file: `node tee.mjs <file> <program> [argument …]`. It ends with its client.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';

const [file, program, ...args] = process.argv.slice(2);
const server = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });

/** Passes bytes on at once, and keeps whole lines. */
function pass(from, to, source) {
  let rest = Buffer.alloc(0);
  from.on('data', (chunk) => {
    to.write(chunk);
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      appendFileSync(file, `${JSON.stringify({ from: source, line: rest.subarray(0, end).toString('utf8') })}\n`);
      rest = rest.subarray(end + 1);
    }
  });
}

pass(process.stdin, server.stdin, 'client');
pass(server.stdout, process.stdout, 'server');
server.stdin.on('error', () => {});
process.stdin.on('end', () => server.stdin.end());
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.kill(signal));
server.on('exit', (code) => process.exit(code ?? 1));
