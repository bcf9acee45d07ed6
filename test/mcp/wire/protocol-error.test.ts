import * as sdk from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import * as keys from '../../../src/mcp/wire/meta-keys.ts';
import { isProtocolError, ProtocolError } from '../../../src/mcp/wire/protocol-error.ts';

test('an error of this class and each of the SDK’s is sent as it is, and no other', () => {
  const missing = new sdk.MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } });
  const sent = [new ProtocolError(-32_602, 'no'), new sdk.ProtocolError(-32_602, 'no'), missing];
  expect(sent.map(isProtocolError)).toEqual([true, true, true]);
  const named = Object.assign(new Error('no'), { code: -32_602, name: 'ProtocolError' });
  expect([named, new Error('no'), { code: 1 }, null].map(isProtocolError)).toEqual([false, false, false, false]);
});

test('members of _meta have the names that the SDK gives them', () => {
  expect(Object.entries(keys).filter(([name, key]) => Reflect.get(sdk, name) !== key)).toEqual([]);
  expect(Object.keys(keys)).toHaveLength(3);
});
