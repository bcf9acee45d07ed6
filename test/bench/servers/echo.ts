/** What Hono alone can do: parse the body, answer a body of the same shape. */
import { Hono } from 'hono';
import { listen } from './listen.ts';

const app = new Hono();
app.post('/mcp', async (context) => {
  const body: { id: number; params: { arguments?: { text?: string } } } = await context.req.json();
  const text = body.params.arguments?.text ?? '';
  return context.json({ jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text }] } });
});
listen(app.fetch);
