/** What Hono alone can do on Workers: parse the body, answer a body of the same shape. */
import { Hono } from 'hono';

const app = new Hono();
app.post('/mcp', async (context) => {
  const body: { id: number; params: { arguments?: { text?: string } } } = await context.req.json();
  const text = body.params.arguments?.text ?? '';
  return context.json({ jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text }] } });
});
export default app;
