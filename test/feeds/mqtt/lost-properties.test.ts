/** User properties of any name travel whole, `__proto__` among them; what cannot be kept is refused. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { inboundOf } from '../../../src/feeds/mqtt/request-match.ts';
import { requestTool } from '../../../src/feeds/mqtt/request-tool.ts';
import { messageOf, messageShape } from '../../../src/feeds/mqtt/tool-input.ts';
import { shownRules } from '../../../src/feeds/mqtt/tool-texts.ts';
import { parseAsAsked } from '../../../src/base/schema/as-asked.ts';
import { real, meanwhile, outletOf } from './outlets.ts';
import { requireService } from '../../services/available.ts';
import { startMosquitto } from '../../services/mosquitto.ts';

const PROTO = JSON.parse('{"who":"me","__proto__":"x"}') as Record<string, string>;
const outlets = new Map([
  ['plant', outletOf({ topics: { publish: [{ topic: 'cmd/+', response: { topic: 'r/+' } }] } })],
]);
const shown = shownRules(outlets, () => true);
const Input = z.strictObject(messageShape(outlets, shown));

/** The message that arguments of the tool make; else what is wrong with them. */
function given(userProperties: unknown) {
  const parsed = parseAsAsked(Input, { topic: 'cmd/a', payload: 1, userProperties });
  if (!parsed.success) return JSON.stringify(parsed.error.issues);
  return messageOf(parsed.data as Record<string, unknown>, shown).message.userProperties ?? {};
}

test('those of a list are all kept, and a name that comes twice is refused', () => {
  const list = Object.entries(PROTO).map(([name, value]) => ({ name, value }));
  expect(Object.entries(given(list))).toEqual(Object.entries(PROTO));
  expect(given([...list, { name: 'who', value: 'you' }])).toContain('each name once');
});

test('those of an object are kept, or refused where its schema would lose one', () => {
  expect(given({ who: 'me' })).toEqual({ who: 'me' });
  expect(given(PROTO)).toContain('__proto__');
});

test('those of an answer are in what the tool answers', () => {
  const properties = Object.assign(Object.create(null) as object, { who: ['me', 'too'] });
  Object.defineProperty(properties, '__proto__', { value: 'x', enumerable: true });
  const publication = {
    cmd: 'publish',
    topic: 'r/a',
    payload: '1',
    retain: false,
    properties: { userProperties: properties },
  };
  const { text: _text, retained: _retained, ...answer } = inboundOf(publication as never, 0);
  expect(Object.entries(answer.userProperties ?? {})).toEqual(Object.entries(PROTO));
  const { output } = requestTool(outlets);
  const outcome = {
    status: 'answered',
    feed: 'plant',
    responseTopic: 'r/a',
    correlated: true,
    ignored: 0,
    waitedMs: 1,
    answers: [{ ...answer, receivedAt: '2026-01-01T00:00:00.000Z' }],
    published: {
      status: 'sent',
      feed: 'plant',
      topic: 'cmd/a',
      qos: 1,
      retained: false,
      acknowledged: true,
      unheard: false,
      reason: null,
    },
  };
  const { answers } = output.pick({ answers: true }).parse(outcome) as unknown as typeof outcome;
  expect(Object.entries(answers[0]?.userProperties ?? {})).toEqual(Object.entries(PROTO));
});

test.skipIf(!requireService('mosquitto'))('over a broker they come as they went (needs mosquitto)', async () => {
  const broker = await startMosquitto();
  try {
    const outlet = outletOf({
      url: `mqtt://127.0.0.1:${broker.port}`,
      topics: { read: ['a/#'], publish: [{ topic: 'a/+' }] },
    });
    const heard = outlet.receive({ topic: 'a/b' }, real());
    const { messages } = await meanwhile(heard, () =>
      outlet.check({ topic: 'a/b', payload: 1, userProperties: PROTO }).send(real()),
    );
    expect(Object.entries(messages[0]?.userProperties ?? {})).toEqual(Object.entries(PROTO));
  } finally {
    await broker.stop();
  }
});
