/** The table of `src/auth/MUSTS.md` says what the tests show, and no section that binds a server is without one. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mustsShown, mustsTable } from './musts.ts';

/** Sections with a MUST or a SHOULD for a server. */
const BINDING: Readonly<Record<string, readonly string[]>> = {
  '2026-07-28 authorization': [
    'Protocol Requirements',
    'Overview',
    'Scope Selection Strategy',
    'Canonical Server URI',
    'Token Requirements',
    'Token Handling',
    'Refresh Tokens',
    'Error Handling',
    'Runtime Insufficient Scope Errors',
    'Step-Up Authorization Flow',
  ],
  '2026-07-28 authorization-server-discovery': [
    'Authorization Server Location',
    'Protected Resource Metadata Discovery Requirements',
    'Authorization Server Metadata Discovery',
  ],
  '2026-07-28 security-considerations': [
    'Token Audience Binding and Validation',
    'Token Theft',
    'Communication Security',
    'Access Token Privilege Restriction',
  ],
  '2026-07-28 security-best-practices': ['Token Passthrough', 'State Handle Hijacking', 'Scope Minimization'],
  '2025-11-25 authorization': [
    'Protocol Requirements',
    'Overview',
    'Authorization Server Location',
    'Protected Resource Metadata Discovery Requirements',
    'Authorization Server Metadata Discovery',
    'Scope Selection Strategy',
    'Token Requirements',
    'Token Handling',
    'Error Handling',
    'Runtime Insufficient Scope Errors',
    'Token Audience Binding and Validation',
    'Token Theft',
    'Communication Security',
    'Access Token Privilege Restriction',
  ],
  '2025-11-25 security-best-practices': ['Token Passthrough', 'Session Hijacking', 'Scope Minimization'],
};

const inOrder = (lists: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(lists).map(([page, list]) => [page, list.toSorted()]));

test('every section that binds a server has a test', () => {
  const shown = Object.groupBy(mustsShown(), ({ page }) => page);
  const sections = Object.entries(shown).map(([page, musts = []]) => [
    page,
    [...new Set(musts.map((one) => one.section))],
  ]);
  expect(inOrder(Object.fromEntries(sections) as Record<string, string[]>)).toEqual(inOrder(BINDING));
});

test('the table is the one that the tests make', async () => {
  await expect(mustsTable()).toMatchFileSnapshot(join(import.meta.dirname, '../../src/auth/MUSTS.md'));
});
