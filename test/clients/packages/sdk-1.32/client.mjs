import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { speakOfficial } from '../official.mjs';

speakOfficial(async ({ url, program, args, env }) => {
  const client = new Client({ name: 'sdk-1.32', version: '0' });
  await client.connect(
    url ? new StreamableHTTPClientTransport(new URL(url)) : new StdioClientTransport({ command: program, args, env }),
  );
  return client;
});
