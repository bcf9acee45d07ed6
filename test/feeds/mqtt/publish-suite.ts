/** Publishing, requests and listening on a real broker, in both versions: on every platform that has sockets. */
import { expect, test } from 'vitest';
import { type Connect, randomId } from '../../../src/base/runtime.ts';
import { mqtt, type MqttOptions, type MqttTopics } from '../../../src/feeds/mqtt/feed.ts';
import { burstContext as contextOf, runBurst, target } from './bursts.ts';
import { outletOf, real as lend } from './outlets.ts';

/** @param port of a broker that lets everybody publish below `t/` */
export function mqttPublishSuite(version: 4 | 5, connect: Connect, port: () => number): void {
  const real = () => lend(connect);
  const burstContext: typeof contextOf = (targets, more) => contextOf(targets, { connect, ...more });

  /** An outlet, and a feed whose session stands at the broker under the same clientId. */
  function stage(topics: (root: string) => MqttTopics, options: Partial<MqttOptions> = {}) {
    const root = `t/${randomId()}`;
    const url = `mqtt://127.0.0.1:${port()}`;
    const clientId = `c-${randomId()}`;
    const common = { url, clientId, protocolVersion: version, ...options };
    return { root, outlet: outletOf({ ...common, topics: topics(root) }), feed: mqtt({ ...common, idleMs: 200 }) };
  }

  test("a message reaches the feed's own session, which is neither taken over nor lost", async () => {
    const { root, outlet, feed } = stage((top) => ({ publish: [`${top}/+`] }));
    const targets = [target('s', `${root}/+`)];
    const { position } = await runBurst(feed, burstContext(targets));
    const said = await outlet.check({ topic: `${root}/a`, payload: { v: 1 } }).send(real());
    expect(said).toMatchObject({ status: 'acknowledged', unheard: null, bytes: 7 });
    const { items } = await runBurst(feed, burstContext(targets, { position }));
    expect(items).toMatchObject([{ stream: 's', data: { v: 1 }, meta: { source: `${root}/a` } }]);
    if (version === 5) expect(items[0]?.meta).toMatchObject({ contentType: 'application/json' });
  });

  test('while the feed drains, and twenty at once', async () => {
    const { root, outlet, feed } = stage((top) => ({ publish: [`${top}/+`] }));
    const targets = [target('s', `${root}/+`)];
    const { position } = await runBurst(feed, burstContext(targets));
    const draining = runBurst(feed, burstContext(targets, { position }));
    const all = Array.from({ length: 20 }, (_, v) => outlet.check({ topic: `${root}/a`, payload: { v } }).send(real()));
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual(all.map(() => 'acknowledged'));
    const first = await draining;
    const rest = await runBurst(feed, burstContext(targets, { position: first.position }));
    const values = [...first.items, ...rest.items].map(({ data }) => (data as { v: number }).v);
    expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, v) => v));
  });

  test('where nobody is subscribed MQTT 5 says so', async () => {
    const { root, outlet } = stage((top) => ({ publish: [`${top}/+`] }));
    const said = await outlet.check({ topic: `${root}/a`, payload: 1 }).send(real());
    expect(said).toMatchObject({ status: 'acknowledged', unheard: version === 5 ? true : null });
  });

  test('a retained message is there for those who come later, and can be cleared', async () => {
    const { root, outlet } = stage((top) => ({
      read: [`${top}/#`],
      publish: [{ topic: `${top}/+`, payload: 'text', retain: true }],
    }));
    const topic = `${root}/state`;
    const retain = (payload: string) => outlet.check({ topic, payload, retain: true, qos: 0 }).send(real());
    expect(await retain('on')).toMatchObject({ status: 'sent', retained: true });
    expect((await outlet.receive({ topic }, real())).messages).toMatchObject([{ payload: 'on', retained: true }]);
    await retain('');
    expect((await outlet.receive({ topic, timeoutMs: 200 }, real())).messages).toEqual([]);
  });

  test('content type and user properties travel', async () => {
    if (version === 4) return;
    const { root, outlet } = stage((top) => ({ read: [`${top}/#`], publish: [{ topic: `${top}/+`, retain: true }] }));
    const userProperties = { traceparent: '00-1', who: 'ö' };
    const heard = outlet.receive({ topic: `${root}/#` }, real());
    // The subscription stands when a message comes through; until then each is sent to nobody.
    let unheard: boolean | null = true;
    while (unheard) {
      const message = { topic: `${root}/a`, payload: 1, contentType: 'text/x', userProperties, expirySeconds: 5 };
      ({ unheard } = await outlet.check(message).send(real()));
    }
    expect((await heard).messages).toMatchObject([{ contentType: 'text/x', userProperties }]);
  });

  /** Answers each request on `cmd`, as a device does, until it is told to stop. */
  function device(root: string, answer: (payload: { id?: string }) => string) {
    const { outlet } = stage(() => ({ read: [`${root}/#`], publish: [{ topic: `${root}/done`, payload: 'text' }] }));
    return (async () => {
      const { messages } = await outlet.receive({ topic: `${root}/cmd/a`, timeoutMs: 10_000 }, real());
      const payload = answer(messages[0]?.payload as { id?: string });
      for (const text of ['{"id":"of another"}', payload]) {
        await outlet.check({ topic: `${root}/done`, payload: text }).send(real());
      }
    })();
  }

  test('a request is answered by a device that echoes a field', async () => {
    const { root, outlet } = stage((top) => ({
      publish: [{ topic: `${top}/cmd/+`, response: { topic: `${top}/done`, correlation: 'id' } }],
    }));
    const answering = device(root, ({ id }) => JSON.stringify({ id, ok: true }));
    let outcome = await send();
    // Until the device has subscribed nobody answers.
    while (outcome.status === 'unanswered') outcome = await send();
    await answering;
    expect(outcome).toMatchObject({ status: 'answered', ignored: 1, correlated: true });
    expect(outcome.answers).toMatchObject([{ topic: `${root}/done`, payload: { ok: true } }]);

    function send() {
      const request = { topic: `${root}/cmd/a`, payload: { do: 'it' }, timeoutMs: 1_000 };
      return outlet.checkRequest(request, randomId).send(real());
    }
  });

  test('a request that nobody answers says how far it came', async () => {
    const { root, outlet } = stage((top) => ({
      publish: [{ topic: `${top}/cmd`, response: { topic: `${top}/{id}` } }],
    }));
    const request = outlet.checkRequest({ topic: `${root}/cmd`, payload: 1, timeoutMs: 300 }, randomId);
    const outcome = await request.send(real());
    expect(outcome).toMatchObject({
      status: 'unanswered',
      published: { status: 'acknowledged', unheard: version === 5 ? true : null },
    });
    if (version === 4) expect(outcome.waitedMs).toBeGreaterThanOrEqual(300);
  });
}
