/** An app whose handlers ask, in each way that one can, and what a test needs to answer them. */
import * as z from 'zod';
import { defineApp, form, page, prompt, resource, tool } from '../../src/index.ts';
import type { Served } from '../mcp/served.ts';

/** What handlers did, in order; a test clears it. */
export const done: string[] = [];

const name = form('What is your name?', z.object({ name: z.string().min(1) }));
const colour = form('Which colour?', z.object({ colour: z.enum(['red', 'blue']).default('red') }));
const even = form('An even number?', z.object({ n: z.int().refine((n) => n % 2 === 0, 'expected an even number') }));
const sure = form('Really?', z.object({ ok: z.boolean() }));

const looks = { readOnlyHint: true };

export const askingApp = defineApp({
  name: 'asking',
  version: '1',
  description: 'Asks',
  tools: {
    greet: tool({
      description: 'Asks for a name.',
      annotations: looks,
      run: async (_input, { ask }) => {
        const answer = await ask('who', name);
        return answer.action === 'accept' ? `Hello, ${answer.content.name}!` : `You chose to ${answer.action}.`;
      },
    }),
    both: tool({
      description: 'Asks two things at once.',
      annotations: looks,
      run: async (_input, { ask }) => JSON.stringify(await Promise.all([ask('who', name), ask('paint', colour)])),
    }),
    steps: tool({
      description: 'Asks one thing, then another, then the first again.',
      run: async (_input, { ask }) => {
        const answers = [await ask('who', name), await ask('paint', colour), await ask('who', name)];
        done.push('steps');
        return JSON.stringify(answers);
      },
    }),
    even: tool({ description: 'Asks for a number.', run: async (_i, { ask }) => JSON.stringify(await ask('n', even)) }),
    visit: tool({
      description: 'Sends to a page.',
      annotations: looks,
      run: async (_input, { ask }) => (await ask('in', page('Sign in', 'https://example.org/in'))).action,
    }),
    remove: tool({
      description: 'Has effects, and asks before.',
      input: z.object({ id: z.string(), deep: z.object({ a: z.number(), b: z.number() }).optional() }),
      run: async ({ id }, { ask }) => {
        const answer = await ask('sure', sure);
        if (answer.action !== 'accept' || !answer.content.ok) return 'left as it is';
        done.push(`removed ${id}`);
        return `removed ${id}`;
      },
    }),
    dwell: tool({
      description: 'Asks, and works with the answer until it is given up.',
      annotations: looks,
      run: async (_input, { ask, signal }) => {
        await ask('who', name);
        done.push('dwells');
        if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        done.push('given up');
        return 'given up';
      },
    }),
    other: tool({
      description: 'The like, for something else.',
      input: z.object({ id: z.string() }),
      run: async ({ id }, { ask }) => {
        await ask('sure', sure);
        done.push(`other ${id}`);
        return 'other';
      },
    }),
    pair: tool({
      description: 'Asks two things at once, and then does something.',
      run: async (_input, { ask }) => {
        const [who, ok] = await Promise.all([ask('who', name), ask('sure', sure)]);
        done.push('pair');
        return `${who.action === 'accept' && who.content.name}: ${ok.action === 'accept' && ok.content.ok}`;
      },
    }),
    careless: tool({
      description: 'Catches all that it can.',
      run: async (_input, { ask, signal }) => {
        signal.addEventListener('abort', () => done.push('told'));
        try {
          const answer = await ask('sure', sure);
          done.push(`answered ${answer.action}`);
        } catch {
          done.push('caught');
        } finally {
          done.push('finally');
        }
        return 'went on';
      },
    }),
    hasty: tool({
      description: 'Does not wait for what it asked.',
      run: (_input, { ask }) => {
        void ask('who', name);
        return Promise.resolve('done already');
      },
    }),
    endless: tool({
      description: 'Asks until it likes the answer.',
      annotations: looks,
      run: async (_input, { ask }) => {
        for (;;) {
          const answer = await ask('who', name);
          if (answer.action === 'accept' && answer.content.name === 'Rumpelstiltskin') return 'right';
        }
      },
    }),
    misnamed: tool({ description: 'A wrong key.', run: async (_i, { ask }) => (await ask('no key', sure)).action }),
    able: tool({
      description: 'Says what it could ask.',
      run: (_input, { canAsk }) =>
        Promise.resolve((['form', 'url', 'sample', 'roots'] as const).filter((kind) => canAsk(kind)).join(' ')),
    }),
    client: tool({
      description: 'Asks the client itself.',
      annotations: looks,
      run: async (_input, { sample, roots }) => {
        const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'A word?' } }];
        const [said, folders] = await Promise.all([sample('word', { messages, maxTokens: 5 }), roots('folders')]);
        return JSON.stringify([said.content, folders.map(({ uri }) => uri)]);
      },
    }),
    deputy: tool({
      description: "Lets the client's model call a tool of its own.",
      annotations: looks,
      run: async (_input, { sample }) => {
        const tools = [{ name: 'look', inputSchema: { type: 'object' } }];
        const question = { role: 'user' as const, content: { type: 'text' as const, text: 'What is there?' } };
        const params = { messages: [question], maxTokens: 50, tools, toolChoice: { mode: 'auto' as const } };
        const { content } = await sample('first', params);
        const [wanted] = [content].flat();
        if (wanted?.type !== 'tool_use') return 'no tool was wanted';
        const { id } = wanted;
        const said = { type: 'tool_use' as const, id, name: 'look', input: {} };
        const found = { type: 'tool_result' as const, toolUseId: id, content: [{ type: 'text', text: 'a tree' }] };
        const messages = [
          question,
          { role: 'assistant' as const, content: [said] },
          { role: 'user' as const, content: [found] },
        ];
        return JSON.stringify((await sample('then', { ...params, messages })).content);
      },
    }),
    /** Has the name of a prompt. */
    letter: tool({ description: 'A letter.', run: async (_input, { ask }) => (await ask('who', name)).action }),
    silent: tool({ description: 'Asks nothing.', run: () => Promise.resolve('nothing asked') }),
  },
  prompts: {
    letter: prompt({
      description: 'A letter.',
      arguments: [{ name: 'to' }],
      run: async (_input, { ask }) => {
        const answer = await ask('who', name);
        return answer.action === 'accept' ? `Yours, ${answer.content.name}` : 'Yours';
      },
    }),
  },
  resources: {
    note: resource({
      uri: 'note://{id}',
      read: async ({ id }, { ask }) => `${id}: ${JSON.stringify(await ask('who', name))}`,
    }),
  },
});

export interface Reply {
  status: number;
  result: Record<string, unknown>;
  error: { code: number; message: string; data: Record<string, unknown> };
}

export const EVERYTHING = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

/** Sends a request of a client that can be asked anything, unless it declares otherwise. */
export async function send(
  served: Served,
  method: string,
  params: object,
  capabilities: object = EVERYTHING,
): Promise<Reply> {
  const meta = { 'io.modelcontextprotocol/clientCapabilities': capabilities };
  const response = await served.call(method, params, { meta });
  return { status: response.status, ...((await response.json()) as Omit<Reply, 'status'>) };
}

export const accept = (content: object) => ({ action: 'accept', content });

export function textOf({ result }: Pick<Reply, 'result'>): string {
  const [block] = (result.content ?? []) as { text: string }[];
  return block?.text ?? '';
}
