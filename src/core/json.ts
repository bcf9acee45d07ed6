/** JSON values, as they are stored and sent. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const encoder = new TextEncoder();

/** Length of a string in UTF-8 bytes: what every size limit in this project counts. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}
