/** What the shapes of declarations are made of: schemas whose messages say what was expected. */
import * as z from 'zod';

export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });
export const label = text('a text').optional();
export const forModel = text('a text for the model');
export const pattern = (expression: RegExp, expected: string) =>
  z.string({ error: expected }).regex(expression, { error: expected });
export const made = (expected: string) => z.custom((value) => typeof value === 'function', { error: expected });
export const zodSchema = z.custom((value) => value instanceof z.ZodType, {
  error: 'a zod schema, such as z.object({ … })',
});
export const plain = (expected: string) => z.record(z.string(), z.unknown(), { error: expected }).optional();
export const yesOrNo = z.boolean({ error: 'true or false' }).optional();
export const count = (unit = '') =>
  z.custom((value) => isCount(value), { error: `a positive whole number${unit}` }).optional();
export const within = (least: number, most: number) =>
  z
    .custom((value) => isCount(value) && value >= least && value <= most, {
      error: `a whole number from ${least} to ${most}`,
    })
    .optional();
export const choice = (first: string, ...more: string[]) =>
  z.enum([first, ...more], { error: `${[first, ...more].slice(0, -1).join(', ')} or ${more.at(-1) ?? first}` });

export const icons = z
  .array(
    z.strictObject(
      {
        src: z.custom((value) => isIconSource(value), {
          error: 'an https URL or data:image/…;base64,…, of at most 32768 characters',
        }),
        mimeType: label,
        sizes: z
          .array(pattern(/^(?:[1-9]\d{0,4}x[1-9]\d{0,4}|any)$/, 'WIDTHxHEIGHT or any'), { error: 'a list of sizes' })
          .optional(),
        theme: choice('light', 'dark').optional(),
      },
      { error: '{ src, mimeType, sizes, theme }' },
    ),
    { error: 'a list of { src, mimeType, sizes, theme }' },
  )
  .max(8, { error: 'at most 8 icons' })
  .optional();

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

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}
