/** Refuses what an extension forbids and the SDK does not notice, because the SDK takes it out of the message. Pure. */
import type { JsonObject } from '../../base/json.ts';
import { INVALID_PARAMS, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { ExtensionRegistry } from '../registry/extensions.ts';
import { declares, needsExtension } from '../wire/declared.ts';
import { protocolAnswer } from '../wire/errors.ts';
import { claimOf } from '../wire/message.ts';
import { isObject, wrongParameter } from '../wire/params.ts';
import { CLIENT_CAPABILITIES_META_KEY } from '../wire/meta-keys.ts';

/** Null: the message may be served. */
export function extensionRefusal({ methods, notifications }: ExtensionRegistry, body: unknown): Response | null {
  const { method, params: given } = (body ?? {}) as { method?: unknown; params?: unknown };
  const params = isObject(given) ? given : {};
  if (method === 'subscriptions/listen' && isObject(params['notifications'])) {
    const clientCapabilities = (claimOf(body, CLIENT_CAPABILITIES_META_KEY) ?? {}) as JsonObject;
    for (const [name, extension] of notifications) {
      if (params['notifications'][name] === undefined || declares({ clientCapabilities }, extension)) continue;
      const error = needsExtension(`notifications.${name}`, extension, { clientCapabilities });
      return rpcErrorResponse(400, protocolAnswer(error, ''), body);
    }
  }
  const isAnswering = typeof method === 'string' && methods.get(method)?.takesResponses === true;
  if (isAnswering && 'inputResponses' in params && !isObject(params['inputResponses'])) {
    const { code, message, field, expected } = wrongParameter('inputResponses', 'an object');
    return rpcErrorResponse(200, { code: INVALID_PARAMS, message, data: { code, field, expected } }, body);
  }
  return null;
}
