/** A message of JSON-RPC out of a body. */
import { type MessageText, readMessage } from '../../base/message-json.ts';
import type { Work } from '../../store/work.ts';
import type { Bodies, BodyFault, BodySource } from './bodies.ts';

export type Body =
  | (MessageText & { ok: true })
  | BodyFault
  /** 400 for what is no message, 415 for another type or a coding. */
  | { ok: false; status: 400 | 415; fault: 'text' | 'id' | 'headers'; expected: string };

/** A proxy may join a header that came twice. */
const JSON_TYPE = /^application\/json(?:;[^,]*)?(?:,\s*application\/json(?:;[^,]*)?)*$/i;
const CHARSETS = /charset\s*=\s*"?([^",;\s]*)/gi;
/** Each is UTF-8, or a part of it. */
const READ_CHARSET = /^(?:utf-?8|us-ascii)$/i;
const NO_CODING = /^(?:identity)?(?:\s*,\s*identity)*$/i;

/** @param work is asked for a turn before the text is parsed */
export async function readJson(
  bodies: Bodies,
  request: Request,
  limitBytes: number,
  source: BodySource | undefined,
  work: Work | undefined,
): Promise<Body> {
  const expected = expectedHeader(request);
  if (expected !== null) return { ok: false, status: 415, fault: 'headers', expected };
  const body = await bodies.read(request, limitBytes, source);
  if (!body.ok) return body;
  const turn = work?.turn(body.text.length) ?? null;
  if (turn !== null) await turn;
  const message = readMessage(body.text);
  return message.ok ? message : { ...message, status: 400 };
}

/** What a header of a body should be that is not read as it is; null where it is read. */
function expectedHeader({ headers }: Request): string | null {
  const type = headers.get('content-type')?.trim() ?? '';
  if (type === 'application/json' && !headers.has('content-encoding')) return null;
  if (!JSON_TYPE.test(type)) return 'Content-Type: application/json';
  const charsets = [...type.matchAll(CHARSETS)].map(([, charset = '']) => charset);
  if (!charsets.every((charset) => READ_CHARSET.test(charset))) return 'Content-Type: application/json, in UTF-8';
  return isEncoded(headers) ? 'no Content-Encoding: send the body as it is' : null;
}

/** Whether a body is packed, by its headers. No host unpacks what is sent to it. */
export function isEncoded(headers: Headers): boolean {
  return !NO_CODING.test(headers.get('content-encoding')?.trim() ?? '');
}
