/** The specifications of what every declared thing may have for clients to show: icons, and hints of tools and tasks. */
import * as z from 'zod';
import { bounded, choice, judged, label, pattern, yesOrNo } from './options.ts';

const icon = z.strictObject(
  {
    src: judged<string>('an https URL or data:image/…;base64,…, of at most 32768 characters', isIconSource),
    mimeType: label,
    sizes: z
      .array(pattern(/^(?:[1-9]\d{0,4}x[1-9]\d{0,4}|any)$/, 'WIDTHxHEIGHT or any'), { error: 'a list of sizes' })
      .optional(),
    theme: choice('light', 'dark').optional(),
  },
  { error: '{ src, mimeType, sizes, theme }' },
);

export const icons = bounded(
  z.array(icon, { error: 'a list of { src, mimeType, sizes, theme }' }).max(8, { error: 'at most 8 icons' }).optional(),
  'at most 8',
);

/** Hints of tools and tasks. */
export const annotations = z
  .strictObject(
    {
      title: label,
      readOnlyHint: yesOrNo,
      destructiveHint: yesOrNo,
      idempotentHint: yesOrNo,
      openWorldHint: yesOrNo,
    },
    { error: 'hints such as { readOnlyHint: true }' },
  )
  .optional();

function isIconSource(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > 32_768) return false;
  if (/^data:image\/[\w.+-]+;base64,[A-Za-z0-9+/]+={0,2}$/.test(value)) return true;
  const url = URL.parse(value);
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}
