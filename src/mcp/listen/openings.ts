/**
 * Methods that answer by notifications, over HTTP: each is a response that stays open. It is cut when its time is over, without an
 * answer, so that its client comes back; it is answered where nothing more will come.
 */
import { sentJson } from '../../base/json.ts';
import type { JSONRPCRequest } from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { EventStream } from '../../calls/events/event-stream.ts';
import type { OpenedStream } from '../extension.ts';
import type { FoundStream } from '../registry/extensions.ts';
import type { HeldStreams, ListenBounds, Sender } from './held.ts';
import { SUBSCRIPTION_ID_META_KEY } from '../wire/meta-keys.ts';

export interface Openings {
  /** @throws as `StreamMethod.open`; TidegateError `overloaded` where too many are open already */
  open(request: JSONRPCRequest, found: FoundStream, sender: Sender, signal: AbortSignal): Promise<Response>;
}

export function createOpenings(
  runtime: Pick<Runtime, 'log'>,
  held: HeldStreams,
  { reads }: Pick<ListenBounds, 'reads'>,
): Openings {
  async function run(
    stream: EventStream,
    id: JSONRPCRequest['id'],
    opened: OpenedStream,
    now: Sender['now'],
    signal: AbortSignal,
  ) {
    let retryMs: number | undefined = held.retryMs();
    try {
      await opened.run({
        signal,
        now,
        ...(reads === null ? {} : { reads: { left: reads } }),
        async send(method, params) {
          const data = sentJson(streamMessage(id, method, params));
          stream.write({ data, ...(retryMs === undefined ? {} : { retryMs }) });
          retryMs = undefined;
          await stream.taken();
        },
      });
      if (!signal.aborted) stream.end({ data: sentJson({ jsonrpc: '2.0', id, result: streamResult(id) }) });
    } catch (thrown) {
      // A reader that left is no fault.
      if (!signal.aborted) {
        const { code, message } = asTidegateError(thrown);
        runtime.log('warn', `a stream is cut: ${message}`, { code });
      }
    }
    stream.end();
  }

  async function cutInTime(stream: EventStream, over: AbortController): Promise<void> {
    await held.lasts(stream);
    over.abort();
    stream.end();
  }

  return {
    async open({ id, params = {} }, found, { principal, now }, left) {
      const stream = held.take(left, true);
      try {
        const opened = await found.open(params, held.callerOn(stream, principal));
        const over = new AbortController();
        void run(stream, id, opened, now, AbortSignal.any([stream.over, over.signal]));
        void cutInTime(stream, over);
        return stream.response;
      } catch (thrown) {
        stream.end();
        throw thrown;
      }
    },
  };
}

/** A notification with the id of the request that it answers. */
export function streamMessage(id: JSONRPCRequest['id'], method: string, params: object) {
  return { jsonrpc: '2.0' as const, method, params: { ...params, _meta: mark(id) } };
}

/** The answer to a request of which all was sent. */
export function streamResult(id: JSONRPCRequest['id']) {
  return { resultType: 'complete', _meta: mark(id) };
}

function mark(id: JSONRPCRequest['id']) {
  return { [SUBSCRIPTION_ID_META_KEY]: id };
}
