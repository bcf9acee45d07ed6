/** The file `app.test.ts` of a new app: each stream is filled without a network, and asked. Pure. */
import { type NewApp, feedPartsOf } from './app-file.ts';

export function testFile(app: NewApp): string {
  const { kinds } = app;
  const fakes = [...(kinds.includes('mqtt') ? ['plant'] : []), ...(kinds.includes('websocket') ? ['ticker'] : [])];
  const secrets = [
    ...(kinds.includes('push') ? ['PUSH_TOKEN'] : []),
    ...(kinds.includes('mqtt') ? ["MQTT_URL: 'mqtts://broker.example'"] : []),
  ];
  const options = [
    ...(secrets.length > 0 ? [`    environment: { ${secrets.join(', ')} },\n`] : []),
    ...(kinds.includes('http') ? ['    fetch: () => Response.json(QUAKES),\n'] : []),
    ...(fakes.length > 0
      ? [`    feeds: { ${fakes.map((fake) => (fake === 'ticker' ? 'prices: ticker' : fake)).join(', ')} },\n`]
      : []),
  ].join('');
  const head = [
    `import { createTestApp, ${fakes.length > 0 ? 'fakeFeed, ' : ''}type TestApp } from 'tidegate/testing';\n`,
    "import { afterEach, beforeEach, expect, test } from 'vitest';\n",
    "import declared from './app.ts';\n\n",
    ...(kinds.includes('push') ? ["const PUSH_TOKEN = 'a-token-of-the-test';\n"] : []),
    ...(kinds.includes('http') ? [QUAKES] : []),
    ...fakes.map((fake) => `const ${fake} = fakeFeed();\n`),
    'let app: TestApp;\n',
    `beforeEach(() => {\n  app = createTestApp(declared, {\n${options}  });\n});\n`,
    'afterEach(() => app.close());\n',
  ].join('');
  const tests = feedPartsOf(app).map(({ tested, tool }, at) => tested.replace('<tool>', at === 0 ? tool.tested : ''));
  return [head, ...tests].join('\n');
}

const QUAKES = `const QUAKES = {
  features: [{ id: 'us1', properties: { net: 'us', time: Date.UTC(2026, 0, 1), updated: Date.UTC(2026, 0, 1), mag: 4.5, place: 'at sea' } }],
};
`;
