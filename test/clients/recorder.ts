/** A proxy on loopback between a client and a server over HTTP. It passes everything on as it comes, and keeps the messages. */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Passed } from './tape.ts';

export interface Recorder {
  /** Base URL that stands for the server's. */
  url: string;
  passed: Passed[];
  close(): Promise<void>;
}

/** @param added headers that each request is sent on with beside its own */
export async function startRecorder(target: string, added: Record<string, string> = {}): Promise<Recorder> {
  const passed: Passed[] = [];
  const { hostname, port, host } = new URL(target);
  // A connection that is kept may be closed by its server just when a request is sent on it.
  const agent = new Agent({ keepAlive: false });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming);
    if (body.length > 0) passed.push({ from: 'client', line: body.toString('utf8') });
    const { 'accept-encoding': _coding, ...headers } = incoming.headers;
    const { method, url: path } = incoming;
    const further = request(
      { agent, hostname, port, method, path, headers: { ...headers, ...added, host } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
          outgoing.write(chunk);
        });
        answer.on('error', () => outgoing.destroy());
        answer.on('close', () => {
          outgoing.end();
          passed.push(...messagesIn(Buffer.from(text, 'latin1').toString('utf8'), answer, method ?? ''));
        });
      },
    );
    further.on('error', () => outgoing.destroy());
    outgoing.on('close', () => further.destroy());
    further.end(body);
  }

  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * An answer's messages: its body, or the data of each event that came whole. A document that answers no message has none, such
 * as one that says that there is no stream to GET.
 */
function messagesIn(text: string, { headers }: IncomingMessage, method: string): Passed[] {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('application/json'))
    return text === '' || method !== 'POST' ? [] : [{ from: 'server', line: text }];
  if (!type.startsWith('text/event-stream')) return [];
  const events = text.split(/\r?\n\r?\n/).slice(0, -1);
  return events.flatMap((event) => {
    const data = event.split(/\r?\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1] ?? []);
    const line = data.join('\n');
    return line === '' ? [] : [{ from: 'server', line } as const];
  });
}
