/** The table of `src/mcp/MUSTS.md` says what the tests show, and no section of the draft that binds a server is without one. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Sections with a MUST or a SHOULD for a server that has no mechanism of its own to show it by elsewhere. */
const BINDING = [
  'Authorization',
  'Backward Compatibility',
  'Capability Negotiation',
  'Cursor Lifecycle',
  'Cursor advancement',
  'Dynamic event types',
  'Error Handling',
  'Event Occurrences',
  'Lifecycle',
  'Listing Available Events',
  'Poll-Based Delivery',
  'Push-Based Delivery',
  'Specification',
  'Subscribing',
  'Subscription TTL',
  'Subscription Termination',
  'Subscription identity',
  'Unsubscribing',
];

const NAMED = /test(?:\.each\([^)]*\))?\(\s*'SEP-3415 "([^"]+)": ((?:[^'\\]|\\.)+)'/g;

const shown = globSync('test/**/*.test.ts', { cwd: ROOT })
  .toSorted()
  .flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(NAMED)].map(([, section = '', what = '']) => ({
      section,
      what,
      file,
    })),
  )
  .toSorted((a, b) => a.section.localeCompare(b.section) || a.what.localeCompare(b.what));

test('every section that binds a server has a test', () => {
  expect([...new Set(shown.map(({ section }) => section))]).toEqual(expect.arrayContaining(BINDING));
});

test('the table says what they show', async () => {
  const rows = shown.map(({ section, what, file }) => `| ${section} | ${what.replaceAll('|', '\\|')} | \`${file}\` |`);
  const table = [
    '# What the draft of the events extension asks of a server',
    '',
    'Each MUST and SHOULD of SEP-3415 (October 2026) that binds a server, by section, with the test that shows it. The table is made',
    'from the names of the tests: `vitest run -u test/mcp/events/musts-table.test.ts` writes it anew. What it asks of webhooks on their',
    'way (signatures, retries, addresses, endpoint verification) is in [deliveries](../deliveries/README.md), with its tests.',
    '',
    '| section | what is shown | test |',
    '| --- | --- | --- |',
    ...rows,
    '',
    'No version of the conformance suite that is published has scenarios of events: 0.2.0-alpha.12 has none, and the draft’s own suite',
    '(conformance#504) was closed.',
    '',
  ].join('\n');
  await expect(table).toMatchFileSnapshot(join(ROOT, 'src/mcp/MUSTS.md'));
});
