/** Occurrences of triggers, from the event that makes one to everybody who is told: polls, streams, `event://` and `poll_changes`. */
import { expect, test } from 'vitest';
import { ADA, BOB, createHouse, type Polled } from './house.ts';

interface Told {
  params?: { data?: { became: string; key: string | null; value: number | null } };
}

test('an occurrence is told once, by whatever way, of its own tenant alone', async () => {
  const house = createHouse({ tenants: () => ['acme', 'other'] });
  const { put, poll, open, call, clock, host } = house;
  await put(20);
  await put(20, 'attic', BOB);
  const work = async () => {
    const { error } = await clock.drive(host.scheduled(clock.now() + 50_000));
    expect(error).toBeNull();
    await clock.advance(300);
  };
  await work();
  const [mine, others] = [await poll({ name: 'hot' }), await poll({ name: 'hot' }, BOB)];
  const asked = await call('tools/call', { name: 'poll_changes', arguments: { uris: ['event://hot'] } }, ADA);
  const { cursor } = (asked.result as unknown as { structuredContent: { cursor: string } }).structuredContent;
  const stream = await open({ name: 'hot' });
  await clock.advance(1_000);
  await put(35);
  await work();
  const { events } = await poll({ name: 'hot', cursor: mine.cursor });
  expect(events).toMatchObject([{ name: 'hot', data: { became: 'holding', key: 'attic', value: 35 } }]);
  expect(events[0]).toHaveProperty('data.events.0.data.celsius', 35);
  const live = stream.messages as unknown as Told[];
  expect(live.flatMap(({ params }) => params?.data?.value ?? [])).toEqual([35]);
  expect(stream.messages.find(({ method }) => method?.endsWith('/event'))?.params).toMatchObject({
    eventId: events[0]?.eventId,
  });
  const changed = await call('tools/call', { name: 'poll_changes', arguments: { uris: ['event://hot'], cursor } }, ADA);
  expect(changed.result).toMatchObject({ structuredContent: { changes: [{ uri: 'event://hot' }] } });
  const { result } = await call('resources/read', { uri: 'event://hot' }, ADA);
  const [content] = (result as unknown as { contents: { text: string }[] }).contents;
  expect(JSON.parse(content?.text ?? '')).toMatchObject({ occurrences: [{ eventId: events[0]?.eventId }] });
  // Nobody else hears of it.
  expect(await poll({ name: 'hot', cursor: others.cursor }, BOB)).toMatchObject({
    events: [],
  } satisfies Partial<Polled>);
  const { result: theirs } = await call('resources/read', { uri: 'event://hot' }, BOB);
  expect(JSON.stringify(theirs)).not.toContain(events[0]?.eventId);
  // Nothing is told again by another run.
  await work();
  expect((await poll({ name: 'hot', cursor: mine.cursor })).events).toHaveLength(1);
});
