/** `mcp-remote` is for clients that can only start a program: here the official one, which starts it for a URL. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { speakOfficial } from '../official.mjs';

speakOfficial(async ({ url }) => {
  const client = new Client({ name: 'mcp-remote', version: '0' });
  const args = ['node_modules/mcp-remote/dist/proxy.js', url, '--allow-http', '--transport', 'http-only'];
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env: process.env }));
  return client;
});
