/**
 * Lines of JSON-RPC on their way to a reader that makes doubles of all numbers: a whole number that no double holds becomes
 * its digits, as over HTTP (`base/source-json.ts`). The id stays a number. All other lines, and what is no JSON, pass as they
 * are; what is wrong with them is not judged here.
 */
import { type Readable, pipeline, Transform } from 'node:stream';
import { hasNonFinite } from '../../base/json.ts';
import { readSourceJson } from '../../base/source-json.ts';

/** Bytes of an unfinished line beyond which it is handed on in pieces. */
const MOST_HELD = 10 * 1024 * 1024;
const MOST_NESTED = 256;
const NEWLINE = 0x0a;
/** Only such texts can hold a number beyond 2^53. */
const LONG = /\d{10}|\d[eE]/;

/** Destroying it destroys the input too, so that neither keeps a process alive. */
export function exactLines(input: Readable): Readable {
  let held: Buffer[] = [];
  let bytes = 0;
  const lines = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
        const line = Buffer.concat([...held, chunk.subarray(from, end)]);
        this.push(exactLine(line));
        this.push('\n');
        held = [];
        bytes = 0;
        from = end + 1;
      }
      held.push(chunk.subarray(from));
      bytes += chunk.length - from;
      if (bytes > MOST_HELD) {
        this.push(Buffer.concat(held));
        held = [];
        bytes = 0;
      }
      done();
    },
    flush(done) {
      done(null, Buffer.concat(held));
    },
  });
  return pipeline(input, lines, () => {});
}

function exactLine(line: Buffer): Buffer | string {
  const text = line.toString('utf8');
  if (!LONG.test(text)) return line;
  try {
    const [value, plain] = [readSourceJson(text), JSON.parse(text) as unknown];
    const exact = withIdsOf(value, plain);
    return hasNonFinite(value, MOST_NESTED) ? line : JSON.stringify(exact);
  } catch {
    return line;
  }
}

/** A message, or each of a batch, with its id as a number. */
function withIdsOf(value: unknown, plain: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(plain)) return value.map((one, index) => withIdsOf(one, plain[index]));
  const { id } = Object(plain) as { id?: unknown };
  return id === undefined || Array.isArray(value) ? value : { ...(value as object), id };
}
