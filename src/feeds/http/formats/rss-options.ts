/** The options of `rss()`, and their specification. */
import * as z from 'zod';
import { judged } from '../../../declare/spec/options.ts';
import { isCharset } from '../../kit/text-decoder.ts';

export interface RssOptions {
  /**
   * The charset of the document, such as `iso-8859-1` or `shift_jis`, for a source that names none or a wrong one.
   * @default what the document and its answer say, in this order: a byte order mark, `Content-Type`, the declaration of
   * XML, UTF-8
   */
  charset?: string;
}

export const rssSpec = z.strictObject({
  charset: judged<string>('a charset of the Encoding Standard, such as iso-8859-1', isCharset).optional(),
});
