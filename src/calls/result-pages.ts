/**
 * Splits a result that is too large for one answer into what is answered at once and the pages that hold the rest.
 * Nothing is lost: what is not answered whole is whole in the pages, and its beginning is answered too. Pure.
 */
import type { ContentBlock } from '../declare/content.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import { type Json, jsonBytes, mostJsonBytes, sentJson } from '../base/json.ts';
import { inPieces, inPages } from '../base/text.ts';
import type { ResultPage } from './names.ts';

/** A content block or structured answer that is in pages, which follow each other. */
interface PagedItem {
  /** What it is, for people. */
  name: string;
  mimeType: string;
  pages: number;
}

export interface SplitResult {
  /** Size of the whole result, as JSON. */
  bytes: number;
  /** Blocks that fit, and the beginning of the first text that does not. */
  content: ContentBlock[];
  /** The structured answer, where it is answered whole. */
  structured: Json | undefined;
  /** The pages hold the structured answer, because it is too large for the readers of an answer. */
  isStructuredPaged: boolean;
  isError: boolean;
  items: PagedItem[];
  pages: ResultPage[];
}

/** Largest page, as JSON. A record of the store holds it with its members. */
export const RESULT_PAGE_BYTES = 340_000;
/** More large blocks than this are put together into one. */
const MOST_ITEMS = 20;
/** Longest beginning of a text that is answered beside the links to its pages. */
const BEGINNING_BYTES = 16_384;
const MIME_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}(?:; ?[\w.+-]{1,50}=[\w.+-]{1,100})?$/;
const JSON_TYPE = 'application/json';

interface LargeItem {
  name: string;
  mimeType: string;
  text?: string;
  blob?: string;
}

/**
 * Answers null for a result that is small enough to be answered as it is.
 * @param most bytes of such a result, as JSON
 * @param mostStructured bytes up to which the structured answer is given whole, whatever else there is; 0: none
 */
export function splitResult(result: ToolResult, most: number, mostStructured: number): SplitResult | null {
  if (mostJsonBytes(result) <= most) return null;
  const bytes = jsonBytes(result);
  if (bytes <= most) return null;
  const { structuredContent: structured, isError = false } = result;
  // A quarter is left for the summary, the beginning and the links.
  let left = Math.floor(most * 0.75);
  const size = structured === undefined ? 0 : jsonBytes(structured);
  const isStructuredPaged = size > left;
  if (!isStructuredPaged) left -= size;

  const large: ContentBlock[] = [];
  const content: ContentBlock[] = [];
  const json = structured === undefined ? null : sentJson(structured);
  for (const block of result.content) {
    // A text that repeats the structured answer is left out, because the pages hold that answer.
    if (isStructuredPaged && block.type === 'text' && block.text === json) continue;
    const own = jsonBytes(block);
    if (own <= left) {
      content.push(block);
      left -= own;
    } else large.push(block);
  }
  const items = large.length <= MOST_ITEMS ? large.map(itemOf) : [asJson('content blocks', large)];
  if (isStructuredPaged) items.push(asJson('structured content', structured));

  const first = items.find(({ text }) => text !== undefined)?.text;
  if (first !== undefined) content.unshift({ type: 'text', text: beginningOf(first, most) });
  const pagesOf = items.map((item) => pagesOfItem(item, Math.min(RESULT_PAGE_BYTES, most)));
  return {
    bytes,
    content,
    structured: isStructuredPaged && size > mostStructured ? undefined : structured,
    isStructuredPaged,
    isError,
    items: items.map(({ name, mimeType }, index) => ({ name, mimeType, pages: pagesOf[index]?.length ?? 0 })),
    pages: pagesOf.flat(),
  };
}

function itemOf(block: ContentBlock): LargeItem {
  if (block.type === 'text') return { name: 'text', mimeType: 'text/plain', text: block.text };
  if (block.type === 'image' || block.type === 'audio') {
    return { name: block.type, mimeType: mimeTypeOf(block.mimeType, 'application/octet-stream'), blob: block.data };
  }
  if (block.type === 'resource') {
    const { uri, mimeType, text, blob } = block.resource;
    const name = `resource ${uri.slice(0, 200)}`;
    if (text !== undefined) return { name, mimeType: mimeTypeOf(mimeType, 'text/plain'), text };
    if (blob !== undefined) return { name, mimeType: mimeTypeOf(mimeType, 'application/octet-stream'), blob };
  }
  return asJson(block.type, block);
}

function asJson(name: string, value: unknown): LargeItem {
  return { name, mimeType: JSON_TYPE, text: sentJson(value) };
}

function pagesOfItem({ mimeType, text, blob }: LargeItem, most: number): ResultPage[] {
  // A lone half of a surrogate pair could be neither cut nor stored.
  if (blob === undefined) return inPages((text ?? '').toWellFormed(), most).map((page) => ({ mimeType, text: page }));
  // Whole groups of four base64 characters; two bytes are for the quotes.
  const length = most - 4 - ((most - 4) % 4);
  const pages: ResultPage[] = [];
  for (let from = 0; from < blob.length; from += length) {
    pages.push({ mimeType, blob: blob.slice(from, from + length) });
  }
  return pages;
}

function beginningOf(text: string, most: number): string {
  // A character may take six bytes in JSON.
  const [beginning = ''] = inPieces(text, Math.min(BEGINNING_BYTES, Math.floor(most / 32)));
  return beginning;
}

function mimeTypeOf(declared: string | undefined, otherwise: string): string {
  return declared !== undefined && MIME_TYPE.test(declared) ? declared : otherwise;
}
