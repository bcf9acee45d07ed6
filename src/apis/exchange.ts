/**
 * One exchange with an API, within its limits: it waits where the wait is short, sends again where that does no harm,
 * and stores a pause that the API asked for, for all instances. Of a body it judges errors alone.
 */
import type { HttpAnswer } from '../declare/http-api.ts';
import { isSafe } from '../declare/http-tool.ts';
import { backoff } from '../base/backoff.ts';
import { TidegateError } from '../base/errors.ts';
import { isDeep, type Json } from '../base/json.ts';
import { isPublic } from '../base/principal.ts';
import { readSourceJson } from '../base/source-json.ts';
import { charsetOf } from '../net/media-type.ts';
import { ofAnswer, ofArguments } from './declared-function.ts';
import { type Failed, failedCall, type ApiFailure, apiFailureOf, limited, tooMuch, unexpected } from './failure.ts';
import { limitText, pausedUntil, pauseMs, rememberPause, takePlace } from './limits.ts';
import type { HttpRequest } from './request.ts';
import type { ToolSecrets } from './secrets.ts';
import type { Call } from './call.ts';

interface Exchanged {
  ok: true;
  answer: HttpAnswer;
  /** False: the body should have been JSON and cannot be read. Then the body is the text that came. */
  readable: boolean;
}

/** No answer came, or none that could be read. */
interface Broken {
  error: TidegateError;
  /** Whether another try may succeed. */
  again: boolean;
}

type Tried = Omit<Exchanged, 'ok'> | { broken: Broken };

/** Tries and the time that a call may wait are bounded elsewhere. */
const PAUSES = { firstMs: 250, mostMs: Number.POSITIVE_INFINITY };
/** Left before the deadline for the answer to reach the caller. */
const LAST_MS = 500;
const AGAIN = new Set([502, 503, 504]);
const BROKEN: ReadonlySet<string> = new Set(['upstream', 'too_large', 'address_refused']);

/** @throws TidegateError `cancelled`, `invalid_input` (a header that cannot be sent), `store_unavailable` */
export async function exchange(call: Call, request: HttpRequest): Promise<Exchanged | Failed> {
  const { spec, settings, secrets, runtime } = call;
  let until = pausedUntil(call.pause, runtime.now());
  for (let tries = 1; ; tries += 1) {
    const refused = await waitForPlace(call, until);
    if (refused) return refused;
    const tried = await send(call, request);
    const judged = 'answer' in tried ? judge(call, tried.answer) : null;
    if (judged?.ok === false) return judged;
    if ('answer' in tried && judged?.value === null) return { ok: true, ...tried };
    const failure: ApiFailure = judged?.value ?? UNREACHABLE;
    const mayRetry = tries <= settings.retries;
    if (failure.status === 429) {
      const now = runtime.now();
      const wait = pauseMs(settings, failure.retryAfterMs, now);
      until = now + wait;
      call.pause = await rememberPause({ ...call, deadline: call.context.deadline }, until, call.pause);
      // `waitForPlace` waits until the pause is over.
      if (mayRetry) continue;
      return limited(settings, wait, said429(failure, secrets));
    }
    const broken = 'broken' in tried ? tried.broken : null;
    const again = broken?.again ?? AGAIN.has(failure.status ?? 0);
    const pause = failure.retryAfterMs ?? backoff(PAUSES, tries, runtime.random());
    if (again && mayRetry && isSafe(spec) && (await waited(call, pause))) continue;
    log(call, failure, broken?.error ?? null);
    if (broken) return { ok: false, passing: true, text: secrets.redact(broken.error.message) };
    return failedCall(failure, tries, settings, secrets);
  }
}

const UNREACHABLE: ApiFailure = { status: null, message: null, retryAfterMs: null };

function said429({ message }: ApiFailure, secrets: ToolSecrets): string {
  return `it asks for a pause (429)${message === null ? '' : `, saying: ${secrets.redact(message)}`}`;
}

function judge(call: Call, answer: HttpAnswer): { ok: true; value: ApiFailure | null } | Failed {
  const { settings, runtime } = call;
  return ofAnswer(call, 'errors', answer.body, () => apiFailureOf(answer, settings.errors, runtime.now()));
}

/** Waits until the request may be sent. Null: it may be sent now. */
async function waitForPlace(call: Call, until: number): Promise<Failed | null> {
  const { settings, runtime, store, spec, input, context } = call;
  const pause = until - runtime.now();
  if (pause > 0 && !(await waited(call, pause))) return limited(settings, pause, 'it asked for a pause (429)');
  const counted = ofArguments(call, 'cost', () => spec.cost?.({ ...input }) ?? 1);
  const cost = Math.max(0, Math.ceil(counted) || 0);
  const never = settings.limits.find(({ requests }) => cost > requests);
  if (never) return tooMuch(settings, cost, limitText(never));
  // Without authentication all callers are one.
  const tenant = isPublic(context.principal) ? null : context.principal.tenant;
  for (;;) {
    const turn = await takePlace(store, settings, cost, runtime.now(), tenant);
    if (turn === null) return null;
    // A little longer, so that waiting calls do not all come back at once.
    const wait = turn.waitMs * (1 + runtime.random() / 10);
    if (!(await waited(call, wait))) return limited(settings, turn.waitMs, limitText(turn.limit, turn.shares));
  }
}

/** Answers false, without a wait, where the call may not wait as long or has not as much time. */
async function waited({ runtime, context, left }: Call, ms: number): Promise<boolean> {
  if (ms > left.waitMs || runtime.now() + ms > context.deadline - LAST_MS) return false;
  // Counts at least 1 ms, so that a loop of empty waits comes to an end.
  left.waitMs -= Math.max(1, ms);
  await runtime.sleep(ms, context.signal);
  if (context.signal.aborted) throw context.signal.reason;
  return true;
}

async function send(call: Call, { url, method, headers, body }: HttpRequest): Promise<Tried> {
  const { settings, runtime, context, left } = call;
  try {
    const response = await call.fetch(url, {
      method,
      headers,
      ...(body === null ? {} : { body }),
      signal: context.signal,
      allow: settings.allow,
      maxBytes: Math.max(1, left.bytes),
      timeoutMs: Math.max(1, Math.min(settings.timeoutMs, context.deadline - LAST_MS - runtime.now())),
    });
    const bytes = await response.arrayBuffer();
    left.bytes -= bytes.byteLength;
    return answerOf(call, response, bytes);
  } catch (thrown) {
    if (context.signal.aborted) throw context.signal.reason;
    if (!(thrown instanceof TidegateError) || !BROKEN.has(thrown.code)) throw thrown;
    // A slow answer has used up its time. A large answer, or a refused address, would be the same again.
    return { broken: { error: thrown, again: thrown.code === 'upstream' && thrown.field !== 'timeoutMs' } };
  }
}

function answerOf({ spec, secrets, input }: Call, response: Response, bytes: ArrayBuffer): Omit<Exchanged, 'ok'> {
  const headers = { get: (name: string) => redacted(response.headers.get(name), secrets) };
  const text = decodeText(bytes, spec.format === 'text' ? charsetOf(response.headers.get('content-type')) : null);
  const read = spec.format === 'text' ? text : jsonOf(bytes);
  const body = secrets.redactDeep(read === undefined ? text : read);
  return { answer: { status: response.status, headers, body, input: { ...input } }, readable: read !== undefined };
}

function redacted(text: string | null, secrets: ToolSecrets): string | null {
  return text === null ? null : secrets.redact(text);
}

/** A text in the charset that the answer names, where the platform knows it; else in UTF-8. */
function decodeText(bytes: ArrayBuffer, charset: string | null): string {
  try {
    return new TextDecoder(charset ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

/** Undefined: it is not JSON in UTF-8, or nested too deep to walk through. Null: the body is empty. */
function jsonOf(bytes: ArrayBuffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.trim() === '') return null;
    const value = readSourceJson(text) as Json;
    return isDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function log({ runtime, tool, settings, secrets }: Call, failure: ApiFailure, error: TidegateError | null): void {
  const reason = secrets.redact(error?.message ?? failure.message ?? '');
  runtime.log('warn', `the tool ${tool} had no answer`, {
    tool,
    api: settings.label,
    status: failure.status,
    told: reason,
  });
}

/** Null: the body can be read. */
export function misread({ settings, secrets }: Call, { answer, readable }: Exchanged): Failed | null {
  return readable ? null : unexpected(settings, `no JSON, but ${String(answer.body).slice(0, 100)}`, secrets);
}
