/** Reads a JSON body up to a limit of size and of depth, whatever its length header says or leaves out. */
import { isDeep, type Json } from '../core/json.ts';

export type Body =
  | { ok: true; value: unknown }
  /** 413 above the limit, 400 for what is not JSON or broke off, 415 for another type. */
  | { ok: false; status: 400 | 413 | 415; expected: string };

/** Deeper than anything that is served: readers further in may fail at it. */
const MOST_DEPTH = 256;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

export async function readJson(request: Request, limitBytes: number): Promise<Body> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) {
    return { ok: false, status: 415, expected: 'Content-Type: application/json' };
  }
  const tooLarge: Body = { ok: false, status: 413, expected: `a body of at most ${limitBytes} bytes` };
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limitBytes) return tooLarge;
  try {
    const text = declared === null ? await readBounded(request, limitBytes) : await request.text();
    if (text === null) return tooLarge;
    const value = JSON.parse(text) as Json;
    // A shorter text has no room for so many brackets.
    if (text.length > 2 * MOST_DEPTH && isDeep(value, MOST_DEPTH)) {
      return { ok: false, status: 400, expected: `JSON that is nested at most ${MOST_DEPTH} deep` };
    }
    return { ok: true, value };
  } catch {
    return { ok: false, status: 400, expected: 'a whole JSON text' };
  }
}

/** Null above the limit; nothing is read beyond it. */
async function readBounded(request: Request, limitBytes: number): Promise<string | null> {
  if (request.body === null) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > limitBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
