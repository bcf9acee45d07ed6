/**
 * Stands in for a model behind a program that is an agent: an HTTP server on loopback that speaks the model's API. It holds each
 * turn of the conversation until the harness asks for a call, answers with that call, and gets the result with the next turn.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';

const READY_WITHIN_MS = 45_000;
export const EVENTS = 'text/event-stream';

/**
 * @param api `turnOf(path, body)`: null for what is no turn of the conversation, else `{ tools, result }`: the tools that the
 * model is shown, and what the last call gave, if any. `callOf(name, args)`: a call as a stream of events. `aside(path, body)`:
 * what anything else is answered, `{ type, text }`.
 */
export async function holdModel(api) {
  let turn = null;
  let waiting = null;
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks).toString('utf8');
    const body = sent === '' ? {} : JSON.parse(sent);
    const read = api.turnOf(request.url, body);
    if (read === null) {
      const { type, text } = api.aside(request.url, body);
      response.writeHead(200, { 'content-type': type }).end(text);
    } else {
      turn = { ...read, response };
      waiting?.(turn);
      waiting = null;
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const nextTurn = () => new Promise((resolve) => (waiting = resolve));
  let child = null;
  let said = '';

  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Starts the program, and waits until it has asked its model. */
    async start(program, args, options) {
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
      for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk));
      const ended = once(child, 'exit').then(([code]) => {
        throw new Error(`it ended with ${code}: ${said.slice(-1_000)}`);
      });
      const late = new Promise((_, reject) => {
        setTimeout(() => reject(new Error(`it asked no model: ${said.slice(-1_000)}`)), READY_WITHIN_MS).unref();
      });
      late.catch(() => {});
      ended.catch(() => {});
      process.on('exit', () => child.kill('SIGKILL'));
      await Promise.race([nextTurn(), ended, late]);
    },
    tools: () => turn.tools,
    async call(name, args) {
      const { response } = turn;
      const next = nextTurn();
      response.writeHead(200, { 'content-type': EVENTS }).end(api.callOf(name, args));
      return (await next).result;
    },
    close() {
      child?.kill('SIGTERM');
      server.closeAllConnections();
      server.close();
    },
  };
}
