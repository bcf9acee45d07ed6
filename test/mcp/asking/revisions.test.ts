/** What clients are asked whose revision is before 2025-11-25, and ids of pages, over HTTP. */
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, form, page, tool } from '../../../src/index.ts';
import {
  accepted,
  answer,
  call,
  EVERYTHING,
  type Hosts,
  initialize,
  type Message,
  serveOn,
  textIn,
} from './raw-client.ts';

const looks = { readOnlyHint: true };
const app = defineApp({
  name: 'paints',
  version: '1',
  description: 'Paints',
  tools: {
    paint: tool({
      description: 'Asks for colours.',
      run: async (_input, { ask, canAsk }) => {
        const colours = z.object({ colours: z.array(z.enum(['red', 'blue'])).min(1) });
        const chosen = await ask('colours', form('Which colours?', colours));
        return JSON.stringify([chosen.action === 'accept' && chosen.content.colours, canAsk('url')]);
      },
    }),
    enter: tool({
      description: 'Sends to a page, beside a form.',
      run: async (_input, { ask }) => {
        const both = [
          ask('in', page('Sign in', 'https://example.org/in')),
          ask('ok', form('Ok?', z.object({ ok: z.boolean() }))),
        ];
        return (await Promise.all(both)).map(({ action }) => action).join(' ');
      },
    }),
    visit: tool({
      description: 'Sends to a page.',
      annotations: looks,
      run: async (_input, { ask }) => (await ask('in', page('Sign in', 'https://example.org/in'))).action,
    }),
    deputy: tool({
      description: "Gives the client's model a tool.",
      run: async (_input, { sample }) => {
        const tools = [{ name: 'look', inputSchema: { type: 'object' as const } }];
        const content = { type: 'text' as const, text: 'Look' };
        await sample('look', { messages: [{ role: 'user', content }], maxTokens: 5, tools });
        return 'looked';
      },
    }),
  },
});

const isPage = ({ params }: Message) => params?.['mode'] === 'url';

const open: Hosts[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((hosts) => hosts.close()));
});

async function start() {
  const hosts = await serveOn(app, 2);
  open.push(hosts);
  const [first, second] = hosts.all;
  if (!first || !second) throw new Error('there are two');
  return { first, second };
}

test('a list is asked of a client of 2025-06-18 as a text, and comes as a list', async () => {
  const { first, second } = await start();
  const session = await initialize(first, EVERYTHING, '2025-06-18');
  const stream = await call(first, session, 'paint');
  const question = await stream.next();
  expect(question.params).toEqual({
    message: 'Which colours?',
    requestedSchema: {
      type: 'object',
      properties: {
        colours: {
          type: 'string',
          description: '(a list of some of red, blue, at least 1 items, with commas between them)',
        },
      },
      required: ['colours'],
    },
  });
  await answer(second, session, question.id, accepted({ colours: 'green' }));
  const again = await stream.next();
  expect(again.params).toMatchObject({ requestedSchema: { properties: { colours: { type: 'string' } } } });
  expect(again.params?.['message']).toContain('Asked again');
  await answer(second, session, again.id, accepted({ colours: 'red, blue' }));
  expect(textIn(await stream.next())).toBe('[["red","blue"],false]');
});

test.each([
  ['visit', { elicitation: { url: {} } }],
  ['deputy', { sampling: { tools: {} } }],
])(
  '%s is refused to a client of 2025-06-18, whose revision has no message for it',
  async (name, requiredCapabilities) => {
    const { first } = await start();
    const session = await initialize(first, EVERYTHING, '2025-06-18');
    const refused = await (await call(first, session, name)).next();
    expect(refused).toMatchObject({ id: 1, error: { data: { requiredCapabilities } } });
  },
);

test('two sessions that are sent to one page have two ids, and a page that is shown again has its own', async () => {
  const { first, second } = await start();
  const ids: unknown[] = [];
  for (let nth = 0; nth < 2; nth += 1) {
    const session = await initialize(first);
    const stream = await call(first, session, 'enter');
    const both = async () => {
      const asked = [await stream.next(), await stream.next()];
      return { page: asked.find(isPage), form: asked.find((each) => !isPage(each)) };
    };
    const asked = await both();
    await answer(second, session, asked.page?.id, { result: { action: 'accept', content: 5 } });
    await answer(second, session, asked.form?.id, accepted({ ok: 'perhaps' }));
    const again = await both();
    expect(again.page?.params?.['message']).toContain('Asked again');
    expect(again.page?.params?.['elicitationId']).toBe(asked.page?.params?.['elicitationId']);
    await answer(first, session, again.page?.id, { result: { action: 'accept' } });
    await answer(first, session, again.form?.id, accepted({ ok: true }));
    expect(textIn(await stream.next())).toBe('accept accept');
    ids.push(asked.page?.params?.['elicitationId']);
  }
  expect(new Set(ids).size).toBe(2);
  expect(ids).toEqual([expect.any(String), expect.any(String)]);
});
