/** Errors of the extension: which of its names an error of ours has, with the data by which clients tell apart what it stands for. */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { type EventDialect, eventError, type EventErrorName, INVALID_PARAMS } from '../../base/json-rpc.ts';
import { callbackFailureOf } from '../../deliveries/subscriptions.ts';
import { protocolAnswer, wholeMessage } from '../wire/errors.ts';
import { isProtocolError, ProtocolError } from '../wire/protocol-error.ts';

/** Members of requests to other rooms, by what the client called them. Others are members of `params` as they are. */
const CALLED: Readonly<Record<string, string>> = {
  source: 'name',
  'target.url': 'delivery.url',
  'target.secret': 'delivery.secret',
  to: 'delivery.url',
  url: 'delivery.url',
};

/**
 * Runs a method, and throws what the extension has for its errors. What is no fault of the request, such as a store that does
 * not answer, is thrown as it is.
 * @param missing what is not there where something is not: an event, or a subscription
 */
export async function inEventCodes<Result>(
  dialect: EventDialect,
  missing: 'event' | 'subscription',
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (isProtocolError(thrown)) throw thrown;
    throw eventProblem(asTidegateError(thrown), dialect, missing) ?? thrown;
  }
}

/** Null: it is none of the extension's. */
function eventProblem(
  error: TidegateError,
  dialect: EventDialect,
  missing: 'event' | 'subscription',
): ProtocolError | null {
  const answer = protocolAnswer(error, '');
  const data: JsonObject = { ...answer.data };
  if (error.field !== null) data['field'] = fieldOf(error.field);
  const message = wholeMessage(answer).replaceAll('params.params.', 'params.');
  const failure = callbackFailureOf(error);
  const named = (name: EventErrorName, more: JsonObject) => problem(name, dialect, { ...more, ...data }, message);
  if (failure !== null) return named('CallbackEndpointError', { reason: failure });
  switch (error.code) {
    case 'invalid_input':
    case 'bad_cursor':
    case 'address_refused':
      return new ProtocolError(INVALID_PARAMS, message, data);
    case 'not_found':
      return named('NotFound', { kind: error.field === 'source' || error.field === 'name' ? 'event' : missing });
    case 'not_supported':
      return named('Forbidden', { reason: error.message });
    case 'rate_limited':
      return named('ResourceExhausted', { limit: error.field ?? 'subscriptions' });
    default:
      return null;
  }
}

export function problem(name: EventErrorName, dialect: EventDialect, data: JsonObject, message: string): ProtocolError {
  const { code } = eventError(name, dialect, data);
  return new ProtocolError(code, `${name}: ${message}`, data);
}

/** @param value of the feature that is not there */
export function unsupported(dialect: EventDialect, feature: string, value: string, offered: string): ProtocolError {
  return problem(
    'Unsupported',
    dialect,
    { feature, value },
    `${feature} ${value.slice(0, 40)} is not there; ${offered}`,
  );
}

function fieldOf(field: string): string {
  const bare = field.replace(/^params\./, '');
  return `params.${CALLED[bare] ?? bare}`;
}
