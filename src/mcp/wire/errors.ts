/**
 * The one mapping from error codes to answers at the edge of MCP. It decides; its caller logs and sends. Of a defect of
 * this server a client sees a reference and nothing else; the log has the rest.
 */
import { againAfterMs, type ErrorCode, type TidegateError } from '../../base/errors.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { JsonObject } from '../../base/json.ts';
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  MISSING_CLIENT_CAPABILITY,
  RATE_LIMITED,
  type RpcError,
} from '../../base/json-rpc.ts';
import { inLines } from '../../base/plain.ts';

/** A JSON-RPC error, and the HTTP status that it is sent with. */
interface ProtocolAnswer extends RpcError {
  data: JsonObject & { code: string };
  /** 200: the error is the payload. 429: this caller, later. 503: the server cannot serve now, whatever the request. */
  httpStatus: HttpStatus;
  retryAfterMs: number | null;
  /** Whether the fault is this server's, and belongs in the log as an error. */
  defect: boolean;
}

type HttpStatus = 200 | 429 | 503;

interface Rule {
  jsonRpc: number;
  httpStatus: HttpStatus;
  /** Whether a tool's failure with this code is a result that the model can act on, and not a protocol error. */
  forModel: boolean;
  /** Whether the caller may see the error's own message. */
  shown: boolean;
}

const caller: Rule = { jsonRpc: INVALID_PARAMS, httpStatus: 200, forModel: true, shown: true };
/** Of the exchange between client and server, which no model sees. */
const client: Rule = { jsonRpc: INVALID_PARAMS, httpStatus: 200, forModel: false, shown: true };
const outside: Rule = { jsonRpc: INTERNAL_ERROR, httpStatus: 200, forModel: true, shown: true };
const unavailable: Rule = { jsonRpc: INTERNAL_ERROR, httpStatus: 503, forModel: false, shown: false };
const defect: Rule = { jsonRpc: INTERNAL_ERROR, httpStatus: 200, forModel: true, shown: false };

const RULES: Record<ErrorCode, Rule> = {
  invalid_input: caller,
  not_found: caller,
  bad_cursor: caller,
  too_large: caller,
  too_costly: caller,
  bad_request_state: client,
  bad_answer: client,
  // The transport answers 400 to it.
  missing_capability: { ...client, jsonRpc: MISSING_CLIENT_CAPABILITY },
  // Of a tool that is known: -32601 would say that tools cannot be called at all.
  not_supported: caller,
  rate_limited: { jsonRpc: RATE_LIMITED, httpStatus: 429, forModel: true, shown: true },
  overloaded: { jsonRpc: RATE_LIMITED, httpStatus: 503, forModel: false, shown: true },
  upstream: outside,
  address_refused: outside,
  cancelled: outside,
  store_unavailable: unavailable,
  store_unknown: unavailable,
  store_full: unavailable,
  store_damaged: unavailable,
  newer_version: unavailable,
  invalid_config: defect,
  internal: defect,
};

/** Why the server cannot serve now; for other codes the store does not answer. */
const WHY: Partial<Record<ErrorCode, string>> = {
  newer_version: 'A newer release wrote what this needs',
  store_full: 'The store has no room, and nothing was written',
  store_damaged: 'The store has to be mended',
};
const AGAIN = 'send the same request again later';
/** What to do about what does not pass by itself. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  store_damaged: 'tell whoever runs the server, since trying again does not help',
};

/** Whether a tool that failed with this error answers a result with `isError`, and not a protocol error. */
export function isForModel(error: TidegateError): boolean {
  return RULES[error.code].forModel;
}

/** @param reference the log has it beside what the caller does not see */
export function protocolAnswer(error: TidegateError, reference: string): ProtocolAnswer {
  const rule = RULES[error.code];
  if (rule.httpStatus === 503 && !rule.shown) {
    const retryAfterMs = againAfterMs(error);
    return {
      code: rule.jsonRpc,
      message: `${WHY[error.code] ?? 'The store does not answer'}; the request itself is not at fault`,
      data: { code: error.code, hint: HINTS[error.code] ?? AGAIN, retryAfterMs, reference },
      httpStatus: 503,
      retryAfterMs,
      defect: true,
    };
  }
  if (!rule.shown) {
    return {
      code: rule.jsonRpc,
      message: 'Internal error',
      data: { code: 'internal', reference },
      httpStatus: 200,
      retryAfterMs: null,
      defect: true,
    };
  }
  return {
    code: rule.jsonRpc,
    message: inLines(linesOf(error)),
    data: {
      code: error.code,
      ...(error.field === null ? {} : { field: error.field }),
      ...(error.expected === null ? {} : { expected: error.expected }),
      ...(error.hint === null ? {} : { hint: error.hint }),
      ...(error.retryAfterMs === null ? {} : { retryAfterMs: error.retryAfterMs }),
      ...(error.requiredCapabilities === null ? {} : { requiredCapabilities: error.requiredCapabilities }),
    },
    httpStatus: rule.httpStatus,
    retryAfterMs: rule.httpStatus === 200 ? null : againAfterMs(error),
    defect: false,
  };
}

/** A tool's failure in words for the model: what is wrong, where, what would be right, what to do. */
export function failureText(error: TidegateError, reference: string): string {
  if (!RULES[error.code].shown) {
    return `The tool failed because of a fault in the server (reference ${reference}). The arguments are not the reason.`;
  }
  const parts = linesOf(error);
  if (error.field !== null) parts.push(`Argument: ${error.field}.`);
  if (error.expected !== null) parts.push(`Expected: ${error.expected}.`);
  if (error.hint !== null) parts.push(`Hint: ${error.hint}.`);
  if (error.retryAfterMs !== null) parts.push(`Again: after ${Math.ceil(error.retryAfterMs / 1_000)} s, not before.`);
  return inLines(parts);
}

/** What a caller has to mend stands in lines of ours; all else is what somebody said. */
function linesOf({ code, message }: TidegateError): string[] {
  return code === 'invalid_input' ? message.split('\n') : [message];
}

/** Under which programs find as data what the text of a refused call says: `{ code, field, expected, hint, retryAfterMs }`. */
const ERROR_META = 'io.tidegate/error';

/**
 * The result of a call that is refused. It has no structured content, because that of a tool with an output schema has to
 * conform to it: the SDK's first client throws away what does not. Clients that give a model structured content alone give it
 * the text where there is none.
 */
export function refusedCall(text: string, data: JsonObject & { code: string }): ToolResult {
  return {
    content: [{ type: 'text', text: `${text}\nCode: ${data.code}.` }],
    isError: true,
    _meta: { [ERROR_META]: data },
  };
}

export function refusalResult(error: TidegateError, reference: string): ToolResult {
  return refusedCall(failureText(error, reference), protocolAnswer(error, reference).data);
}

/** The message of a JSON-RPC error with what was expected in it: most clients show nothing else of one. */
export function wholeMessage({ message, data: { expected, hint } }: Pick<ProtocolAnswer, 'message' | 'data'>): string {
  const more = [typeof expected === 'string' ? `expected ${expected}` : '', typeof hint === 'string' ? hint : ''];
  return [message, ...more.filter((each) => each !== '' && !message.includes(each))].join('; ');
}

/** The status of an answer that nobody reads, because its client went away: as proxies log it. */
export const CLIENT_GONE = 499;

/** Of a request that the end of its host cut off. */
export const ENDING: RpcError = {
  code: INTERNAL_ERROR,
  message: 'The server ended before the request was answered',
  data: { code: 'cancelled', hint: 'send it again where it may be done twice' },
};
