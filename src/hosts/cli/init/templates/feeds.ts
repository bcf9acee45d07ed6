/**
 * What each kind of feed brings to a new app: its stream, a tool, the test of both, its variables. Texts alone, which stand in the
 * app's files as they stand here; `app-file.ts` and `test-file.ts` put them together. `<topic>` is a name of the app's own.
 */

export const APP_KINDS = ['push', 'http', 'mqtt', 'websocket'] as const;
export type AppKind = (typeof APP_KINDS)[number];

export interface FeedPart {
  /** The stream's name. */
  stream: string;
  /** As the app's description names it. */
  subject: string;
  /** Names that are imported of `tidegate`, beside `defineApp`, `stream` and `tool`. */
  imports: readonly string[];
  /** Declarations of the stream and of what it is made of. */
  declared: string;
  /** Members of the app's `feeds`. */
  feeds?: string;
  /** The tool, and what its test expects, where this is the first kind of the app. */
  tool: { name: string; declared: string; tested: string };
  /** The test of this stream, with `<tool>` where that of the tool goes. */
  tested: string;
  /** Variables as `.env.example` has them. */
  variables: readonly {
    name: string;
    comment: string;
    value: string;
    /** The value is one to begin with, and stands in `.env` too. */
    isGiven?: boolean;
  }[];
}

const push: FeedPart = {
  stream: 'rooms',
  subject: 'rooms',
  imports: ['secret'],
  declared: `const rooms = stream({
  description: 'Temperature of each room, pushed by its sensor',
  schema: z.object({ room: z.string(), celsius: z.number().meta({ unit: '°C' }) }),
  key: 'room',
  push: { token: secret('PUSH_TOKEN') },
});
`,
  tool: {
    name: 'warmest',
    declared: `const warmest = tool({
  description: 'The room that is warmest now.',
  scopes: ['streams:read:rooms'],
  run: async (_input, { streams }) => {
    const { events } = await streams.latestByKey(rooms);
    const [first] = events.toSorted((a, b) => b.data.celsius - a.data.celsius);
    return first ? \`\${first.data.room}, \${first.data.celsius} °C\` : 'No room has reported yet.';
  },
});
`,
    tested: `  expect((await app.call('warmest')).text).toBe('kitchen, 23.5 °C');
`,
  },
  tested: `test('what a sensor pushes can be asked for', async () => {
  const headers = { 'Content-Type': 'application/json', Authorization: \`Bearer \${PUSH_TOKEN}\` };
  const body = JSON.stringify([
    { room: 'kitchen', celsius: 23.5 },
    { room: 'cellar', celsius: 12 },
  ]);
  const pushed = await app.fetch(new Request('http://localhost/ingest/rooms', { method: 'POST', headers, body }));
  expect(await pushed.json()).toMatchObject({ appended: 2 });
  expect(await app.streams.latest('rooms', 'cellar')).toMatchObject({ data: { celsius: 12 } });
<tool>});
`,
  variables: [
    {
      name: 'PUSH_TOKEN',
      comment: 'Who pushes to /ingest/rooms sends it, 16 characters or more: Authorization: Bearer …',
      value: 'at-least-16-characters',
    },
  ],
};

const http: FeedPart = {
  stream: 'quakes',
  subject: 'earthquakes',
  imports: ['http'],
  declared: `const Quakes = z.object({ features: z.array(z.object({ id: z.string(), properties: z.json() })) });

const quakes = stream({
  description: 'Earthquakes of the past hour, worldwide, from USGS; its key is the network that reports',
  schema: z.object({
    id: z.string(),
    net: z.string(),
    time: z.number(),
    updated: z.number(),
    mag: z.number().nullable(),
    place: z.string().nullable(),
  }),
  key: 'net',
  time: 'time',
  id: 'id',
  revision: 'updated',
  feed: http({
    url: 'https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/all_hour.geojson',
    pick: (body) => Quakes.parse(body).features.map(({ id, properties }) => Object.assign({ id }, properties)),
    everyMs: 60_000,
  }),
});
`,
  tool: {
    name: 'strongest',
    declared: `const strongest = tool({
  description: 'The strongest earthquake of the newest thousand.',
  scopes: ['streams:read:quakes'],
  run: async (_input, { streams }) => {
    const { events } = await streams.last(quakes, 1_000);
    const [first] = events.toSorted((a, b) => (b.data.mag ?? 0) - (a.data.mag ?? 0));
    return first ? \`\${first.data.mag}, \${first.data.place}\` : 'No earthquake is known yet.';
  },
});
`,
    tested: `  expect((await app.call('strongest')).text).toBe('4.5, at sea');
`,
  },
  tested: `test('what USGS answers can be asked for', async () => {
  const { feeds } = await app.ingest();
  expect(feeds.find(({ feed }) => feed === 'quakes')).toMatchObject({ outcome: 'pulled', events: 1 });
  expect(await app.streams.latest('quakes', 'us')).toMatchObject({ data: { id: 'us1', mag: 4.5 } });
<tool>});
`,
  variables: [],
};

const mqtt: FeedPart = {
  stream: 'boilers',
  subject: 'boilers',
  imports: ['from', 'mqtt', 'secret'],
  declared: `const boilers = stream({
  description: 'Temperature of each boiler, from its sensor over MQTT',
  schema: z.object({ celsius: z.number().meta({ unit: '°C' }) }),
  feed: from('plant', { topic: '<topic>/boilers/+/temperature', keyLevel: 2 }),
});
`,
  feeds: `plant: mqtt({ url: secret('MQTT_URL'), clientId: '<topic>' })`,
  tool: {
    name: 'hottest',
    declared: `const hottest = tool({
  description: 'The boiler that is hottest now.',
  scopes: ['streams:read:boilers'],
  run: async (_input, { streams }) => {
    const { events } = await streams.latestByKey(boilers);
    const [first] = events.toSorted((a, b) => b.data.celsius - a.data.celsius);
    return first ? \`\${first.key}, \${first.data.celsius} °C\` : 'No boiler has reported yet.';
  },
});
`,
    tested: `  expect((await app.call('hottest')).text).toBe('boiler-1, 81 °C');
`,
  },
  tested: `test('what a boiler publishes can be asked for', async () => {
  plant.bring({ stream: 'boilers', key: 'boiler-1', data: { celsius: 81 } });
  await app.ingest();
  expect(await app.streams.latest('boilers', 'boiler-1')).toMatchObject({ data: { celsius: 81 } });
<tool>});
`,
  variables: [
    {
      name: 'MQTT_URL',
      comment:
        'The broker, as mqtts://user:password@host:8883. This one is for tests: everybody may read and write there',
      value: 'mqtts://test.mosquitto.org:8886',
      isGiven: true,
    },
  ],
};

const websocket: FeedPart = {
  stream: 'prices',
  subject: 'prices',
  imports: ['websocket'],
  declared: `// An example: the public ticker of an exchange, without an account. Put a source of your own in its place.
const prices = stream({
  description: 'Price of each currency pair at its last trade, from Coinbase Exchange',
  schema: z.object({ product_id: z.string(), time: z.string(), price: z.coerce.number() }),
  key: 'product_id',
  time: 'time',
  feed: websocket({
    url: 'wss://ws-feed.exchange.coinbase.com',
    subscribe: { type: 'subscribe', product_ids: ['BTC-USD', 'ETH-USD'], channels: ['ticker'] },
    acknowledged: { type: 'subscriptions' },
    refused: { type: 'error' },
  }),
});
`,
  tool: {
    name: 'price',
    declared: `const price = tool({
  description: 'What a currency pair costs now.',
  scopes: ['streams:read:prices'],
  input: z.object({ pair: z.string().describe('Such as BTC-USD') }),
  run: async ({ pair }, { streams }) => {
    const latest = await streams.latest(prices, pair);
    return latest ? \`\${pair} costs \${latest.data.price} at \${latest.data.time}\` : \`\${pair} was not traded yet.\`;
  },
});
`,
    tested: `  expect((await app.call('price', { pair: 'BTC-USD' })).text).toBe('BTC-USD costs 93000.5 at 2026-01-01T00:00:00Z');
`,
  },
  tested: `test('what the exchange tells can be asked for', async () => {
  ticker.bring({ stream: 'prices', data: { product_id: 'BTC-USD', time: '2026-01-01T00:00:00Z', price: '93000.5' } });
  await app.ingest();
  expect(await app.streams.latest('prices', 'BTC-USD')).toMatchObject({ data: { price: 93_000.5 } });
<tool>});
`,
  variables: [],
};

export const FEED_PARTS: Readonly<Record<AppKind, FeedPart>> = { push, http, mqtt, websocket };
