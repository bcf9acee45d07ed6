import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { speakOfficial } from '../official.mjs';

const capabilities = { elicitation: { form: {} } };

speakOfficial(async ({ url, program, args, env }) => {
  const client = new Client(
    { name: 'client-v2', version: '0' },
    { capabilities, versionNegotiation: { mode: 'auto' } },
  );
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { sure: true } }));
  await client.connect(
    url ? new StreamableHTTPClientTransport(new URL(url)) : new StdioClientTransport({ command: program, args, env }),
  );
  return client;
});
