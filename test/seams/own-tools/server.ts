/** Tools of somebody's own as an MCP server, in a server that they have already. */
import { Hono } from 'hono';
import { form, task, tool } from 'tidegate';
import { createMcp } from 'tidegate/mcp';
import * as z from 'zod';

const prices = new Map([['tea', 3]]);

export const mcp = createMcp(
  {
    name: 'shop',
    version: '1.0.0',
    description: 'A shop with one shelf',
    tools: {
      price: tool({
        description: 'What a thing costs, in EUR.',
        input: z.object({ thing: z.string() }),
        annotations: { readOnlyHint: true },
        run: async ({ thing }) => `${prices.get(thing) ?? 'unknown'}`,
      }),
      raise: tool({
        description: 'Raises a price, when a person agrees.',
        input: z.object({ thing: z.string(), by: z.number() }),
        async run({ thing, by }, { ask }) {
          const answer = await ask('agree', form(`Raise ${thing} by ${by} EUR?`, z.object({ agree: z.boolean() })));
          if (answer.action !== 'accept' || !answer.content.agree) return 'Nothing was changed.';
          prices.set(thing, (prices.get(thing) ?? 0) + by);
          return `${thing} costs ${prices.get(thing)} EUR now.`;
        },
      }),
    },
    tasks: {
      bake: task({
        description: 'Bakes a cake, which takes a moment.',
        version: '1',
        input: z.object({ kind: z.string() }),
        async run({ kind }, { sleep, step }) {
          await sleep(200);
          return step('decorate', () => Promise.resolve(`one ${kind} cake`));
        },
      }),
    },
  },
  // With several instances: `store: await openStore(readConfig(process.env, 'sqlite'), nodeRuntime(log), 'shop')` of tidegate/node.
  { secret: 'thirty-two characters, made at random', staysUp: true },
);

export const server = new Hono();
server.get('/', (context) => context.text('the shop'));
server.all('/mcp', (context) => mcp.fetch(context.req.raw));
