/**
 * `subscriptions/listen` of 2026-07-28. The answer is a stream that begins with what is honoured and then names what changed. It
 * carries no data, but for tasks: who is told reads again. Over HTTP the stream is cut when its time is over: a completion would say
 * that nothing will come any more, and clients would stay away.
 */
import { sentJson } from '../../base/json.ts';
import type { JSONRPCNotification, JSONRPCRequest } from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Caller } from '../../calls/caller.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { listenTo, REPLAYED_MS } from '../../calls/changes/listening.ts';
import { createDeploymentNote } from '../../calls/changes/deployment.ts';
import type { Changed } from '../../calls/changes/topics.ts';
import type { Registry } from '../registry/registry.ts';
import { filterOf, honouredOf, type ListenFilter } from './asked.ts';
import type { HeldStreams, ListenBounds, Sender } from './held.ts';
import { haveRightsChanged } from '../../calls/events/rights-watch.ts';
import { SUBSCRIPTION_ID_META_KEY } from '../wire/meta-keys.ts';

interface ListenerDeps {
  runtime: Runtime;
  watch: ChangeWatch;
  bounds: Pick<ListenBounds, 'reads'>;
  /** Of the whole app: what it lists is compared with what the store knows of the newest deployment. */
  registry: Registry;
}

/** Where a listener is told. */
interface ListenerSink {
  /** Aborts when nobody listens any more. */
  over: AbortSignal;
  /** Resolves when it is taken. */
  send(message: JSONRPCNotification): Promise<void>;
  /** Ends it. @param last the answer, where nothing more will come */
  end(last?: object): void;
}

/** Begins to tell what is honoured of a filter. @throws TidegateError as reads of tasks */
type Listen = (
  id: JSONRPCRequest['id'],
  asked: ListenFilter,
  sink: ListenerSink,
  caller: Caller,
  registry: Registry,
) => Promise<void>;

export function createListen({ runtime, watch, bounds, registry: whole }: ListenerDeps): Listen {
  const note = createDeploymentNote(runtime, () => whole.listDigests());

  return async (id, asked, sink, caller, registry) => {
    const mark = { [SUBSCRIPTION_ID_META_KEY]: id };
    const messageOf = (method: string, body: object): JSONRPCNotification => {
      return { jsonrpc: '2.0', method, params: { ...body, _meta: mark } };
    };
    const { filter, wanted } = await honouredOf(registry, asked, caller);
    const first = messageOf('notifications/subscriptions/acknowledged', { notifications: filter });
    sink.send(first).catch(() => sink.end());
    if (Object.keys(filter).length === 0) {
      return sink.end({ jsonrpc: '2.0', id, result: { resultType: 'complete', _meta: mark } });
    }
    if (wanted.lists.length > 0) void note(caller.account.store);
    const { reads } = bounds;
    const listening = listenTo({ watch, runtime }, caller.principal, wanted, {
      store: caller.account.store,
      signal: sink.over,
      since: runtime.now() - REPLAYED_MS,
      ...(reads === null ? {} : { reads: { left: reads } }),
      async tell(changed) {
        const notification = await notificationOf(changed, registry, caller);
        if (notification !== null) await sink.send(messageOf(notification.method, notification.params));
      },
    });
    // What a task is like now is told at once: it may have ended long ago.
    listening.changed(wanted.tasks.map(({ id: task }) => ({ of: 'task', id: task })));
    void over(listening.ended, sink);
  };

  async function over(ended: Promise<unknown>, sink: ListenerSink): Promise<void> {
    try {
      await ended;
    } catch (thrown) {
      // A reader that left is no fault.
      if (!sink.over.aborted) {
        const { code, message } = asTidegateError(thrown);
        runtime.log('warn', `a listener is cut: ${message}`, { code });
      }
    }
    sink.end();
  }
}

export interface Listeners {
  /** @throws TidegateError `invalid_input` for what is asked for, `overloaded` where too many listen already */
  open(request: JSONRPCRequest, sender: Sender, registry: Registry, signal: AbortSignal): Promise<Response>;
}

/** Over HTTP: each listener is a response. */
export function createListeners({ held, ...deps }: ListenerDeps & { held: HeldStreams }): Listeners {
  const { runtime } = deps;
  const listen = createListen(deps);
  return {
    async open({ id, params = {} }, { principal, now }, registry, signal) {
      const asked = filterOf(params);
      const stream = held.take(signal);
      let retryMs: number | undefined = held.retryMs();
      const sink: ListenerSink = {
        over: stream.over,
        send(message) {
          stream.write({ data: sentJson(message), ...(retryMs === undefined ? {} : { retryMs }) });
          retryMs = undefined;
          return stream.taken();
        },
        end: (last) => stream.end(last && { data: sentJson(last) }),
      };
      try {
        await listen(id, asked, sink, held.callerOn(stream, principal), registry);
        void held.lasts(stream).then(() => stream.end());
        void haveRightsChanged(runtime, stream.over, principal, now).then((changed) => changed && stream.end());
        return stream.response;
      } catch (thrown) {
        stream.end();
        throw thrown;
      }
    },
  };
}

/** Null: there is nothing to tell of it any more. */
async function notificationOf(
  changed: Changed,
  { extensions }: Registry,
  caller: Caller,
): Promise<{ method: string; params: object } | null> {
  if (changed.of === 'resource') return { method: 'notifications/resources/updated', params: { uri: changed.uri } };
  if (changed.of === 'list') return { method: `notifications/${changed.list}/list_changed`, params: {} };
  const task = (await extensions.tasks?.notice(changed.id, caller)) ?? null;
  return task && { method: 'notifications/tasks', params: task };
}
