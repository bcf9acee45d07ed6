import { describe, expect, it } from 'vitest';
import { type ErrorCode, TidegateError } from '../../../src/base/errors.ts';
import { problemResponse } from '../../../src/http/problem.ts';
import { failureText, isForModel, protocolAnswer } from '../../../src/mcp/wire/errors.ts';

/** Code, JSON-RPC code, HTTP status beside it, whether a model reads it, whether its words are shown, HTTP status elsewhere. */
const ROWS: [ErrorCode, number, number, boolean, boolean, number][] = [
  ['invalid_input', -32_602, 200, true, true, 400],
  ['not_found', -32_602, 200, true, true, 404],
  ['bad_cursor', -32_602, 200, true, true, 400],
  ['too_large', -32_602, 200, true, true, 413],
  ['too_costly', -32_602, 200, true, true, 413],
  ['bad_request_state', -32_602, 200, false, true, 400],
  ['bad_answer', -32_602, 200, false, true, 400],
  ['missing_capability', -32_021, 200, false, true, 400],
  ['not_supported', -32_602, 200, true, true, 400],
  ['rate_limited', -32_010, 429, true, true, 429],
  ['upstream', -32_603, 200, true, true, 502],
  ['address_refused', -32_603, 200, true, true, 502],
  ['cancelled', -32_603, 200, true, true, 504],
  ['store_unavailable', -32_603, 503, false, false, 503],
  ['store_unknown', -32_603, 503, false, false, 503],
  ['store_full', -32_603, 503, false, false, 503],
  ['store_damaged', -32_603, 503, false, false, 503],
  ['newer_version', -32_603, 503, false, false, 503],
  ['invalid_config', -32_603, 200, true, false, 500],
  ['internal', -32_603, 200, true, false, 500],
];

describe('every error code at every edge', () => {
  it.each(ROWS)('%s', async (code, jsonRpc, httpStatus, forModel, shown, elsewhere) => {
    const error = new TidegateError(code, 'in these words', { field: 'a.b', expected: 'a number', hint: 'try 1' });
    const answer = protocolAnswer(error, 'ref-9');
    expect([answer.code, answer.httpStatus, isForModel(error)]).toEqual([jsonRpc, httpStatus, forModel]);
    expect(answer.message.includes('in these words')).toBe(shown);
    expect(answer.data).toMatchObject(
      shown ? { code, field: 'a.b', expected: 'a number', hint: 'try 1' } : { reference: 'ref-9' },
    );
    const seconds = code === 'store_damaged' ? 60 : 1;
    expect(answer.retryAfterMs).toBe(httpStatus === 200 ? null : seconds * 1_000);
    if (forModel) expect(failureText(error, 'ref-9').includes('in these words')).toBe(shown);

    const problem = problemResponse(error);
    expect(problem.status).toBe(elsewhere);
    expect(problem.headers.get('retry-after')).toBe(elsewhere === 503 || elsewhere === 429 ? `${seconds}` : null);
    expect((await problem.text()).includes('in these words')).toBe(elsewhere < 500);
  });
});
