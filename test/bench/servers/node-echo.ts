/** What `node:http` alone can do: the same as `echo.ts`, without a framework. */
import { createServer } from 'node:http';

const list = 'x'.repeat(Number(process.argv[3] ?? 0));
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as {
      id: number;
      method: string;
      params: { arguments?: { text?: string } };
    };
    const text = body.method === 'tools/list' ? list : (body.params.arguments?.text ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result: { content: [{ type: 'text', text }] } }));
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
