/**
 * Errors in the codes of 2025-11-25 and before. The SDK sends those of today to every client, whatever a handler throws,
 * so they are exchanged where a message leaves.
 */
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from '../../base/json-rpc.ts';
import { isObject } from './params.ts';

/** Has to be called before the server is connected. */
export function sendLegacyErrors(server: Server): void {
  const connect = server.connect.bind(server);
  server.connect = (transport: Transport) => {
    const send = transport.send.bind(transport);
    transport.send = (message, options) => send(inLegacyCodes(message), options);
    return connect(transport);
  };
}

/** A resource that is not there has a code of its own. No other error names a URI. */
function inLegacyCodes(message: JSONRPCMessage): JSONRPCMessage {
  return 'error' in message ? { ...message, error: inLegacyCode(message.error) } : message;
}

/** The same of the error alone. */
export function inLegacyCode<ErrorOf extends { code: number; data?: unknown }>(error: ErrorOf): ErrorOf {
  const { code, data } = error;
  const isMissing = code === INVALID_PARAMS && isObject(data) && data['code'] === 'not_found' && 'uri' in data;
  return isMissing ? { ...error, code: RESOURCE_NOT_FOUND } : error;
}
