/** What the extension forbids and the SDK would not notice, as it takes both out of a message. Pure. */
import { CLIENT_CAPABILITIES_META_KEY } from '@modelcontextprotocol/server';
import type { JsonObject } from '../../base/json.ts';
import { INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, protocolAnswer } from '../wire/errors.ts';
import { claimOf, errorResponse } from '../wire/message.ts';
import { knowsTasks, needsTasks } from './extension.ts';

/** Null: nothing is wrong with it here. */
export function taskRefusal(body: unknown): Response | null {
  const { method, params: given } = (body ?? {}) as { method?: unknown; params?: unknown };
  const params = isObject(given) ? given : {};
  if (method === 'subscriptions/listen' && asksForTasks(params)) {
    const declared = claimOf(body, CLIENT_CAPABILITIES_META_KEY);
    const clientCapabilities = (declared ?? {}) as JsonObject;
    if (knowsTasks({ clientCapabilities })) return null;
    const { message, data } = protocolAnswer(needsTasks('notifications.taskIds', { clientCapabilities }), '');
    return errorResponse(400, MISSING_CLIENT_CAPABILITY, message, body, data);
  }
  if (method === 'tasks/update' && 'inputResponses' in params && !isObject(params['inputResponses'])) {
    const data = { code: 'invalid_input', field: 'params.inputResponses', expected: 'an object' };
    return errorResponse(200, INVALID_PARAMS, 'params.inputResponses is missing or wrong', body, data);
  }
  return null;
}

function asksForTasks(params: Record<string, unknown>): boolean {
  const wanted = params['notifications'];
  return isObject(wanted) && wanted['taskIds'] !== undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
