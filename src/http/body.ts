/**
 * Reads a JSON body up to a limit, whether or not a header declares its length. A body that is nested deeper than any
 * message needs is refused before it is parsed, because later code walks through it by recursion. A whole number that no
 * double holds is handed on as its digits (`base/source-json.ts`), and a number beyond every double is refused.
 */
import { hasNonFinite } from '../base/json.ts';
import { readSourceJson } from '../base/source-json.ts';

export type Body =
  | { ok: true; value: unknown }
  /** 413 above the limit, 400 for what is not JSON or broke off, 415 for another type. */
  | { ok: false; status: 400 | 413 | 415; expected: string };

/**
 * Most levels of lists and objects. Nothing that is served is nested as deep; the checks that name a field come
 * earlier.
 */
const MOST_NESTED = 256;

const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

export async function readJson(request: Request, limitBytes: number): Promise<Body> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? '')) {
    return { ok: false, status: 415, expected: 'Content-Type: application/json' };
  }
  try {
    const text = await readText(request, limitBytes);
    if (text === null) return { ok: false, status: 413, expected: `a body of at most ${limitBytes} bytes` };
    if (isDeeper(text, MOST_NESTED)) {
      return { ok: false, status: 400, expected: `at most ${MOST_NESTED} levels of nesting` };
    }
    return finite(readSourceJson(text));
  } catch {
    return { ok: false, status: 400, expected: 'a whole JSON text' };
  }
}

function finite(value: unknown): Body {
  const expected = 'numbers of at most 1.8e308';
  return hasNonFinite(value, MOST_NESTED) ? { ok: false, status: 400, expected } : { ok: true, value };
}

/** Answers null for a body above the limit, and reads nothing beyond it. Rejects for a body that broke off. */
export async function readText(request: Request, limitBytes: number): Promise<string | null> {
  const declared = request.headers.get('content-length');
  if (declared !== null) return Number(declared) > limitBytes ? null : request.text();
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

/** Whether a JSON text is nested deeper than `most`. For a text that is not JSON either answer may come. */
function isDeeper(text: string, most: number): boolean {
  if (text.length <= most) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (inString) at += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > most) return true;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];
