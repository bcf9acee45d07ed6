/** The clients, in the order in which they are run. Each has a folder in `packages`, with its manifest and its script. */
import type { Transport } from './servers.ts';

export interface ForeignClient {
  /** Transports over which it is not run, with the reason. */
  left?: Partial<Record<Transport, string>>;
}

const ONE_EACH = 'each of its requests is a process and starts a server of its own, with which its tasks end';

const ONE_PAGE = 'a page is slow, and the command line goes over the other transports';

export const CLIENTS: Readonly<Record<string, ForeignClient>> = {
  'client-v2': {},
  'sdk-1.32': {},
  'sdk-1.20': {},
  'sdk-1.10': {},
  'ext-tasks': { left: { stdio: 'it frames its requests for HTTP alone' } },
  inspector: { left: { stdio: ONE_EACH } },
  'inspector-page': { left: { stdio: ONE_PAGE, workerd: ONE_PAGE } },
  'ai-sdk': {},
  mastra: {},
  langchain: {},
  'openai-agents': {},
  'google-genai': {},
  tanstack: {},
  'mcp-use': {},
  mcporter: { left: { stdio: ONE_EACH } },
  'claude-code': {},
  'gemini-cli': {},
  'python-v1': {},
  'python-v2': {},
  fastmcp: {},
  'mcp-remote': { left: { stdio: 'it is a bridge from standard input and output to HTTP' } },
};
