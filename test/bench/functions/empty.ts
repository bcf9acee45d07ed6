/** The least function: what a start costs anyway. */
import type { BufferedAnswer } from '../../../src/hosts/lambda/answer.ts';

export const handler = (): Promise<BufferedAnswer> =>
  Promise.resolve({ statusCode: 200, headers: {}, cookies: [], body: '{}', isBase64Encoded: false });
