/** A record as the Kinesis Producer Library aggregates it: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md */
import { createHash } from 'node:crypto';

function numberOf(value: number): Buffer {
  return value < 128
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) + 128), numberOf(Math.floor(value / 128))]);
}

const bytesOf = (field: number, content: Uint8Array) =>
  Buffer.concat([numberOf(field * 8 + 2), numberOf(content.length), content]);

/** @param records partition key and text of each */
export function aggregated(records: readonly (readonly [key: string, text: string])[]): Uint8Array {
  const keys = [...new Set(records.map(([key]) => key))];
  const body = Buffer.concat([
    ...keys.map((key) => bytesOf(1, Buffer.from(key))),
    ...records.map(([key, text]) =>
      bytesOf(3, Buffer.concat([numberOf(8), numberOf(keys.indexOf(key)), bytesOf(3, Buffer.from(text))])),
    ),
  ]);
  const digest = createHash('md5').update(body).digest();
  return Buffer.concat([Buffer.of(0xf3, 0x89, 0x9a, 0xc2), body, digest]);
}
