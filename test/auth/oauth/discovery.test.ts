/** Where the metadata of an issuer may stand. */
import { expect, test } from 'vitest';
import { metadataUrls } from '../../../src/auth/oauth/discovery.ts';

test('2026-07-28 authorization-server-discovery, 2025-11-25 authorization "Authorization Server Metadata Discovery": the places are asked in the order of the specification', () => {
  expect(metadataUrls('https://a.example')).toEqual([
    'https://a.example/.well-known/oauth-authorization-server',
    'https://a.example/.well-known/openid-configuration',
  ]);
  expect(metadataUrls('https://a.example/')).toEqual(metadataUrls('https://a.example'));
  expect(metadataUrls('https://a.example/realms/b')).toEqual([
    'https://a.example/.well-known/oauth-authorization-server/realms/b',
    'https://a.example/.well-known/openid-configuration/realms/b',
    'https://a.example/realms/b/.well-known/openid-configuration',
  ]);
});
