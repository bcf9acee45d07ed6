/** Tasks that are begun beside the listeners of a run, and when each has ended: by requests of 2026-07-28, without a client. */
import * as z from 'zod';

const META = 'io.modelcontextprotocol/';
const VERSION = '2026-07-28';
const LOOK_MS = 200;
const TRIES = 100;

const Answer = z.object({ result: z.looseObject({ taskId: z.string(), status: z.string() }) });
const Ended = z.looseObject({ lastUpdatedAt: z.string() });
const ENDED = new Set(['completed', 'failed', 'cancelled']);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What each task is called with: a few changes of it, all of them within about `lastsMs`. */
export function holds(count: number, lastsMs: number, random: () => number): { ms: number; times: number }[] {
  return Array.from({ length: count }, () => {
    const times = 1 + Math.floor(random() * 5);
    return { ms: Math.ceil((lastsMs * (0.5 + random() * 0.5)) / times), times };
  });
}

export interface TaskCalls {
  /** Begins a task. One whose answer was lost may be begun twice. */
  begin(args: Record<string, unknown>): Promise<string>;
  /** Waits for the end of a task. @returns when that was, epoch ms; null: it has not ended by `until` (epoch ms) */
  ended(taskId: string, until: number): Promise<number | null>;
}

export function taskCalls(mcpUrl: URL, key: string): TaskCalls {
  async function send(method: string, name: string, params: object): Promise<z.infer<typeof Answer>['result']> {
    const meta = {
      [`${META}protocolVersion`]: VERSION,
      [`${META}clientCapabilities`]: { extensions: { [`${META}tasks`]: {} } },
    };
    const response = await fetch(mcpUrl, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': VERSION,
        'Mcp-Method': method,
        'Mcp-Name': name,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    });
    return Answer.parse(await response.json()).result;
  }

  return {
    async begin(args) {
      for (let tries = 1; ; tries += 1) {
        try {
          const { taskId } = await send('tools/call', 'hold', { name: 'hold', arguments: args });
          return taskId;
        } catch (thrown) {
          if (tries === TRIES) throw thrown;
          await pause(LOOK_MS);
        }
      }
    },
    async ended(taskId, until) {
      while (Date.now() < until) {
        const task = await send('tasks/get', taskId, { taskId }).catch(() => null);
        if (task !== null && ENDED.has(task.status)) return Date.parse(Ended.parse(task).lastUpdatedAt);
        await pause(LOOK_MS);
      }
      return null;
    },
  };
}
