/**
 * Records that a producer has aggregated: many in one record of Kinesis, as the Kinesis Producer Library writes them, Flink and Fluent Bit
 * too (https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md). The digest at the end is not checked:
 * whatever is not read to its last byte is no such record. Pure.
 */
interface Aggregated {
  partitionKey: string | null;
  data: Uint8Array;
}

/** No text in UTF-8 begins so. */
const MAGIC = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST_BYTES = 16;
/** What fields of protocol buffers are: numbers, and bytes with their count before them. */
const NUMBER = 0;
const BYTES = 2;

/** In their order. Null: it is one record, and none that was aggregated. */
export function aggregatedIn(bytes: Uint8Array): Aggregated[] | null {
  if (bytes.length < MAGIC.length + DIGEST_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) return null;
  const keys: string[] = [];
  const found: { key: number | null; data: Uint8Array }[] = [];
  const whole = fieldsOf(bytes.subarray(MAGIC.length, bytes.length - DIGEST_BYTES));
  if (whole === null) return null;
  for (const { number, value } of whole) {
    if (number === 1 && typeof value !== 'number') keys.push(new TextDecoder().decode(value));
    if (number !== 3 || typeof value === 'number') continue;
    const fields = fieldsOf(value);
    const data = fields?.find((one) => one.number === 3)?.value;
    if (data === undefined || typeof data === 'number') return null;
    const key = fields?.find((one) => one.number === 1)?.value;
    found.push({ key: typeof key === 'number' ? key : null, data });
  }
  if (found.length === 0) return null;
  return found.map(({ key, data }) => ({ partitionKey: key === null ? null : (keys[key] ?? null), data }));
}

interface Field {
  number: number;
  value: number | Uint8Array;
}

/** Null: the bytes are no fields from the first to the last. */
function fieldsOf(bytes: Uint8Array): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  function next(): number | null {
    let value = 0;
    for (let factor = 1; factor < Number.MAX_SAFE_INTEGER; factor *= 128) {
      const byte = bytes[at];
      if (byte === undefined) return null;
      at += 1;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    return null;
  }
  while (at < bytes.length) {
    const tag = next();
    const value = tag === null ? null : next();
    if (tag === null || value === null) return null;
    const number = Math.floor(tag / 8);
    if (tag % 8 === NUMBER) fields.push({ number, value });
    else if (tag % 8 === BYTES && at + value <= bytes.length) {
      fields.push({ number, value: bytes.subarray(at, at + value) });
      at += value;
    } else return null;
  }
  return fields;
}
