/**
 * What Hono alone can do: parse the body, answer a body of the same shape; to a list one of as many bytes as the second argument
 * says.
 */
import { Hono } from 'hono';
import { listen } from './listen.ts';

const list = 'x'.repeat(Number(process.argv[3] ?? 0));
const app = new Hono();
app.post('/mcp', async (context) => {
  const body: { id: number; method: string; params: { arguments?: { text?: string } } } = await context.req.json();
  const text = body.method === 'tools/list' ? list : (body.params.arguments?.text ?? '');
  return context.json({ jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text }] } });
});
listen(app.fetch);
