/**
 * A client of 2025-11-25 over stdio that can be asked is asked, by a request of the server, and its answer resumes the
 * tool. Over HTTP the same client has no session, and is told what is missing.
 */
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compiled } from '../services/compiled.ts';

const command = {
  command: process.execPath,
  args: [join(import.meta.dirname, '../mcp/serve/asking-server.ts')],
  stderr: 'ignore' as const,
  env: compiled(),
};

type Capabilities = NonNullable<ConstructorParameters<typeof Client>[1]>['capabilities'];
interface Question {
  message: string;
  mode?: string;
  elicitationId?: string;
}
type Reply = { action: 'accept' | 'decline' | 'cancel'; content?: Record<string, string | number | boolean> };

/** @param reply what the user answers to each question */
async function connected(capabilities: Capabilities, reply: (question: Question) => Reply | Promise<Reply>) {
  const client = new Client({ name: 't', version: '0' }, { capabilities });
  const asked: Question[] = [];
  if (capabilities?.elicitation) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params);
      return reply(params);
    });
  }
  await client.connect(new StdioClientTransport(command));
  onTestFinished(() => client.close());
  async function call(name: string, args: Record<string, unknown> = {}) {
    const { content, isError } = await client.callTool({ name, arguments: args });
    return { text: (content as { text: string }[])[0]?.text, isError };
  }
  return { client, asked, call };
}

const accept = (content: Reply['content'] = {}): Reply => ({ action: 'accept', content });

describe('a tool that asks', { timeout: 30_000 }, () => {
  test('gets the answer of the user, in one call', async () => {
    const { asked, call } = await connected({ elicitation: {} }, () => accept({ name: 'Ada' }));
    expect(await call('greet')).toEqual({ text: 'Hello, Ada!', isError: undefined });
    expect(asked.map(({ message }) => message)).toEqual(['What is your name?']);
  });

  test('gets a refusal, whatever stands beside it', async () => {
    const { call } = await connected({ elicitation: {} }, () => ({ action: 'decline' }));
    expect((await call('greet')).text).toBe('You chose to decline.');
  });

  test('asks one after the other, and two at once', async () => {
    const { asked, call } = await connected({ elicitation: {} }, ({ message }) =>
      message.includes('name') ? accept({ name: 'Ada' }) : accept({ colour: 'blue' }),
    );
    expect((await call('both')).text).toContain('blue');
    expect((await call('steps')).text).toContain('Ada');
    expect(asked).toHaveLength(5);
  });

  test('has its effect once, and none where the user says no', async () => {
    const answers = [accept({ ok: true }), accept({ ok: false })];
    const { asked, call } = await connected({ elicitation: {} }, () => answers.shift() ?? accept());
    expect((await call('remove', { id: 'x' })).text).toBe('removed x');
    expect((await call('remove', { id: 'x' })).text).toBe('left as it is');
    expect(asked).toHaveLength(2);
  });

  test('sends a user to a page, by an id as 2025-11-25 requires it', async () => {
    const { asked, call } = await connected({ elicitation: { form: {}, url: {} } }, () => ({ action: 'accept' }));
    expect((await call('visit')).text).toBe('accept');
    await call('visit');
    const elicitationId = expect.stringMatching(/^[\da-f]{16}$/) as string;
    expect(asked).toMatchObject([
      { mode: 'url', elicitationId },
      { mode: 'url', elicitationId },
    ]);
    expect(asked[0]?.elicitationId).not.toBe(asked[1]?.elicitationId);
  });

  test('asks prompts and resources too', async () => {
    const { client } = await connected({ elicitation: {} }, () => accept({ name: 'Ada' }));
    const { messages } = await client.getPrompt({ name: 'letter', arguments: {} });
    expect(messages[0]?.content).toEqual({ type: 'text', text: 'Yours, Ada' });
    const { contents } = await client.readResource({ uri: 'note://7' });
    expect(contents[0]).toMatchObject({ text: expect.stringContaining('Ada') as string });
  });

  test("asks for the client's model and roots, where it has them", async () => {
    const { client, call } = await connected({ sampling: {}, roots: {} }, () => accept());
    const content = { type: 'text' as const, text: 'tide' };
    client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'm', content }));
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///a' }] }));
    expect((await call('client')).text).toBe(JSON.stringify([content, ['file:///a']]));
    expect((await call('able')).text).toBe('sample roots');
  });

  test('is told where the client fails to ask, and the next call is served', async () => {
    const { call } = await connected({ elicitation: {} }, ({ message }) => {
      if (message.includes('name')) throw new Error('no window');
      return accept({ ok: true });
    });
    const failed = await call('greet');
    expect(failed.isError).toBe(true);
    expect(failed.text).toMatch(/did not answer: What is your name\?.*no window/);
    expect((await call('silent')).text).toBe('nothing asked');
  });

  test('says what it needs to a client that cannot be asked', async () => {
    const { call } = await connected({}, () => accept());
    const { text, isError } = await call('greet');
    expect([isError, text]).toEqual([true, expect.stringContaining('What is your name?')]);
  });
});
