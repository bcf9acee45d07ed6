/** JSON values, as they are stored and sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const encoder = new TextEncoder();

/** Length of a string in UTF-8 bytes: what every size limit in this project counts. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** Deeper JSON is refused: an engine, or a client, may fail at what another has taken. */
export const MOST_DEPTH = 128;

/** Whether arrays and objects stand in each other more than `MOST_DEPTH` deep. */
export function isDeep(value: Json, left = MOST_DEPTH): boolean {
  if (value === null || typeof value !== 'object') return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}
