/** Methods that answer by notifications, over a pipe: they are sent on it until the request is cancelled, or the process ends. */
import type { JSONRPCRequest, ServerContext } from '@modelcontextprotocol/server';
import type { Runtime } from '../../base/runtime.ts';
import type { OpenedStream } from '../extension.ts';
import { streamMessage, streamResult } from './openings.ts';

/** Resolves with the answer when nothing more is sent. What was cancelled is answered by nobody. */
export async function streamOverPipe(
  id: JSONRPCRequest['id'],
  { mcpReq }: ServerContext,
  opened: OpenedStream,
  { ending }: Pick<Runtime, 'ending'>,
): Promise<object> {
  await opened.run({
    now: null,
    signal: ending ? AbortSignal.any([mcpReq.signal, ending.begun]) : mcpReq.signal,
    async send(method, params) {
      const { jsonrpc: _version, ...notification } = streamMessage(id, method, params);
      await mcpReq.notify(notification);
    },
  });
  return streamResult(id);
}
