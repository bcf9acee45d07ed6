/**
 * A call of an HTTP tool. It answers from a kept answer, or else asks the API page by page and keeps the answer where
 * that is declared. A failure of the API is a result with `isError` that says what to do about it.
 */
import type { ToolAnswer } from '../declare/tool.ts';
import type { Json } from '../base/json.ts';
import type { Reading } from '../store/store.ts';
import { ageText } from '../calls/short-lines.ts';
import { type Made, madeOf, picked, shownAnswer } from './answer.ts';
import { ofAnswer, ofArguments } from './declared-function.ts';
import { exchange, misread } from './exchange.ts';
import type { Call } from './call.ts';
import { type Failed, unexpected } from './failure.ts';
import { isOfNewerRelease, keep, type Kept, keptIn, type Mark } from './kept-answers.ts';
import { answerKey, pauseKey } from './names.ts';
import { nextOf, pageOf } from './paging.ts';
import { guardRequestOf, apiRequest } from './request.ts';

interface Fetched extends Made {
  /** Why there is less than was asked for. Null: there is not less. */
  note: string | null;
}

/** @param mark names the answer; null: answers are not kept */
export async function callTool(prepared: Omit<Call, 'pause'>, mark: Mark | null): Promise<ToolAnswer> {
  const { store, runtime, settings, spec, tool, context } = prepared;
  const { cache } = spec;
  const keys = [pauseKey(settings.scope), ...(mark ? [answerKey(context.principal.tenant, tool, mark.place)] : [])];
  const [pause, found] = await store.getMany(keys, runtime.now());
  // A place that a newer release uses is none for this one.
  const place = found && !isOfNewerRelease(found) ? found : null;
  const call: Call = { ...prepared, pause: pause as Reading };
  const kept = cache && mark && place ? keptIn(place, mark, cache, runtime.now()) : null;
  if (kept?.fresh) {
    const shown = shownAnswer(call, kept.made, null);
    // An answer that an older declaration made may not fit the schema any more.
    if (shown.ok) return shown.answer;
  }
  const fetched = await fetchAll(call);
  if (!fetched.ok) return standIn(call, kept, fetched);
  const shown = shownAnswer(call, fetched, fetched.note);
  if (!shown.ok) return refusal(shown);
  if (cache && mark && place && fetched.note === null) {
    await keep({ runtime, store, deadline: context.deadline }, place, mark, cache, fetched);
  }
  return shown.answer;
}

async function fetchAll(call: Call): Promise<Fetched | Failed> {
  const { spec } = call;
  const refused = await guarded(call);
  if (refused) return refused;
  if (spec.paging) return fetchPages(call, spec.paging);
  const got = await exchange(
    call,
    ofArguments(call, 'the request', () => apiRequest(call, null)),
  );
  const read = got.ok ? (misread(call, got) ?? picked(call, got.answer)) : got;
  if (!read.ok) return read;
  const isList = spec.item !== undefined;
  if (isList && !Array.isArray(read.value)) return noList(call);
  return { ...madeOf(call, isList ? { items: read.value, next: null } : read.value), note: null };
}

async function guarded(call: Call): Promise<Failed | null> {
  const { guard } = call.spec;
  if (!guard) return null;
  const got = await exchange(
    call,
    ofArguments(call, 'guard', () => guardRequestOf(call, guard)),
  );
  if (!got.ok) return guard.otherwise === 'pass' ? null : got;
  const judged = ofAnswer(call, 'guard.refuse', got.answer.body, () => guard.refuse(got.answer));
  if (!judged.ok) return guard.otherwise === 'pass' ? null : judged;
  return judged.value === null ? null : { ok: false, text: call.secrets.redact(judged.value), passing: false };
}

async function fetchPages(call: Call, paging: NonNullable<Call['spec']['paging']>): Promise<Fetched | Failed> {
  const items: Json[] = [];
  let page = pageOf(call.spec, call.input);
  for (let pages = 0; pages < (paging.pages ?? 1); pages += 1) {
    const at = page;
    const request = ofArguments(call, 'the request', () => apiRequest(call, at === null ? null : [paging.query, at]));
    const got = await exchange(call, request);
    const read = got.ok ? (misread(call, got) ?? picked(call, got.answer)) : got;
    if (!read.ok || !got.ok) {
      if (pages === 0 || !(read as Failed).passing) return read as Failed;
      return { ...listOf(items, page), note: `There is more, and it could not be read: ${(read as Failed).text}` };
    }
    if (!Array.isArray(read.value)) return noList(call);
    items.push(...(read.value as Json[]));
    page = nextOf(paging, got.answer, read.value.length, page);
    if (page === null) break;
  }
  return { ...listOf(items, page), note: null };
}

function listOf(items: Json[], next: string | null): Made {
  return { ok: true, structured: { items, next } };
}

function noList({ settings, secrets }: Call): Failed {
  return unexpected(settings, 'no list of items', secrets);
}

/** An older answer, where there is one and the failure is a passing one. */
function standIn(call: Call, kept: Kept | null, reason: Failed): ToolAnswer {
  if (kept === null || !reason.passing) return refusal(reason);
  const shown = shownAnswer(call, kept.made, `This is the answer of ${ageText(kept.ageMs)} ago. ${reason.text}`);
  return shown.ok ? shown.answer : refusal(reason);
}

function refusal({ text }: Failed): ToolAnswer {
  return { text, isError: true };
}
