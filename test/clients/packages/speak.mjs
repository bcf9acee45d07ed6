/**
 * What the harness and a client's process say to each other: a request a line on standard input, an answer a line on standard
 * output. `connect` gets where the server is, `list` answers the tools as the client shows them to its model, `call` answers
 * what the client hands to its model, as it is.
 */
import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

const answer = process.stdout.write.bind(process.stdout);
// Some clients log there.
for (const name of ['log', 'info', 'debug', 'warn']) console[name] = (...said) => console.error(...said);

function reasonOf(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
}

/** @param client `{ connect(target), list(), call(name, args), close() }`; `target` is `{ url }` or `{ program, args, env }` */
export function speak(client) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const { id, method, params } = JSON.parse(line);
    try {
      const result = (await client[method](...params)) ?? null;
      answer(`${JSON.stringify({ id, result })}\n`);
    } catch (error) {
      answer(`${JSON.stringify({ id, error: reasonOf(error) })}\n`);
    }
    if (method === 'close') process.exit(0);
  });
  lines.on('close', () => process.exit(0));
}
