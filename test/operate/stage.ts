/** A host with the tools of operators, whose callers say who they are and what they may do: `acme/ada admin`. */
import { onTestFinished } from 'vitest';
import type { Principal } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { App } from '../../src/index.ts';
import { operatorTools } from '../../src/operate/faces/tools.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { answerOf, modern } from '../auth/messages.ts';

export interface Called {
  isError: boolean;
  text: string;
  structured: Record<string, unknown>;
}

export function operated(app: App, store: Store = createMemoryStore()) {
  let loads = 0;
  const host = createHost({
    app,
    store,
    runtime: systemRuntime(() => {}),
    secrets: { current: 'a secret of a test, which guards nothing', previous: null },
    authenticate({ headers }): Principal | Response {
      const [, tenant, subject, scopes] = /^(\w+)\/(\w+) (.+)$/.exec(headers.get('authorization') ?? '') ?? [];
      if (!tenant || !subject || !scopes) return new Response('who?', { status: 401 });
      return { tenant, subject, client: 'a-client', scopes: scopes.split(' ') };
    },
    async operators() {
      loads += 1;
      return operatorTools;
    },
  });
  onTestFinished(() => host.close());

  async function tools(as: string): Promise<{ name: string; annotations?: object; outputSchema?: object }[]> {
    const { result } = await answerOf(host, modern({ method: 'tools/list' }, as));
    return (result as unknown as { tools: { name: string }[] }).tools;
  }

  async function call(name: string, args: object = {}, as = 'public/ada admin'): Promise<Called> {
    const sent = { method: 'tools/call', params: { name, arguments: args } };
    const { result, text } = await answerOf(host, modern(sent, as));
    const answer = result as unknown as { isError?: boolean; content: { text: string }[]; structuredContent?: object };
    if (!answer?.content) throw new Error(text);
    return {
      isError: answer.isError === true,
      text: answer.content.map((part) => part.text).join('\n'),
      structured: { ...answer.structuredContent },
    };
  }

  return { host, tools, call, loads: () => loads };
}
