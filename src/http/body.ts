/** Reads a body up to a limit, whether or not a header declares its length, and a message of JSON-RPC out of it. */
import { type MessageText, readMessage } from '../base/message-json.ts';

export type Body =
  | (MessageText & { ok: true })
  /** 413 above the limit, 400 for what is no message or broke off, 415 for another type or a coding. */
  | { ok: false; status: 400 | 413 | 415; fault: 'text' | 'id' | 'headers' | 'size'; expected: string };

/** A proxy may join a header that came twice. */
const JSON_TYPE = /^application\/json(?:;[^,]*)?(?:,\s*application\/json(?:;[^,]*)?)*$/i;
const CHARSETS = /charset\s*=\s*"?([^",;\s]*)/gi;
/** Each is UTF-8, or a part of it. */
const READ_CHARSET = /^(?:utf-?8|us-ascii)$/i;
const NO_CODING = /^(?:identity)?(?:\s*,\s*identity)*$/i;

export async function readJson(request: Request, limitBytes: number): Promise<Body> {
  const expected = expectedHeader(request);
  if (expected !== null) return { ok: false, status: 415, fault: 'headers', expected };
  let text: string | null;
  try {
    text = await readText(request, limitBytes);
  } catch {
    return { ok: false, status: 400, fault: 'text', expected: 'a whole JSON text in UTF-8' };
  }
  if (text === null) {
    return { ok: false, status: 413, fault: 'size', expected: `a body of at most ${limitBytes} bytes` };
  }
  const message = readMessage(text);
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

const STRICT = { fatal: true };
/** For bodies in one piece: it keeps nothing between two. */
const WHOLE = new TextDecoder('utf-8', STRICT);

/**
 * Answers null for a body above the limit, and reads nothing beyond it. Rejects for a body that broke off, or is not UTF-8: two
 * texts of another charset would become one.
 */
export async function readText(request: Request, limitBytes: number): Promise<string | null> {
  const declared = request.headers.get('content-length');
  if (declared !== null) return Number(declared) > limitBytes ? null : WHOLE.decode(await request.arrayBuffer());
  if (request.body === null) return '';
  const decoder = new TextDecoder('utf-8', STRICT);
  let bytes = 0;
  let text = '';
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
