/** Checks what handlers of resources and prompts answer, before it is sent: no client takes another form. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { describeShape } from '../../base/json-path.ts';
import type { ContentBytes, ListedResource, ResourceContents } from '../content.ts';
import type { PromptMessage } from '../prompt.ts';
import { checkedBlock, checkedContents, checkedListing } from './content.ts';

/** @throws TidegateError `internal` for what is neither a text nor a list of contents */
export function contentsOf(
  answer: string | ResourceContents<ContentBytes>[],
  { name, uri, mimeType = 'text/plain' }: { name: string; uri: string; mimeType?: string | undefined },
): ResourceContents[] {
  if (typeof answer === 'string') return [{ uri, mimeType, text: answer }];
  const defect = (what: string) =>
    new TidegateError(
      'internal',
      `the resource ${name} answered ${what}: answer a text, or a list of { uri, text } or { uri, blob }`,
    );
  if (!Array.isArray(answer)) throw defect(describeShape(answer));
  return answer.map((one, index) => {
    const contents = checkedContents(one, `contents[${index}]`);
    if (typeof contents === 'string') throw defect(`a list with ${describeShape(one)} (${contents})`);
    return contents;
  });
}

/** @throws TidegateError `internal` for what is no list of resources, naming the item */
export function listingsOf(answer: ListedResource[] | null | undefined, name: string): ListedResource[] {
  if (answer === null || answer === undefined) return [];
  const defect = (what: string) =>
    new TidegateError('internal', `the resource ${name} listed ${what}: answer a list of { uri, name }`);
  if (!Array.isArray(answer)) throw defect(describeShape(answer));
  return answer.map((one, index) => {
    const listing = checkedListing(one, `list()[${index}]`);
    if (typeof listing === 'string') throw defect(`${describeShape(one)} (${listing})`);
    return listing;
  });
}

/** @throws TidegateError `internal` for what is neither a text nor a list of messages */
export function messagesOf(answer: string | PromptMessage[], name: string): PromptMessage[] {
  if (typeof answer === 'string') return [{ role: 'user', content: { type: 'text', text: answer } }];
  const defect = (what: string) =>
    new TidegateError(
      'internal',
      `the prompt ${name} answered ${what}: answer a text, or a list of { role, content: { type, … } }`,
    );
  if (!Array.isArray(answer)) throw defect(describeShape(answer));
  return answer.map((one, index) => {
    const { role, content } = (one ?? {}) as Partial<PromptMessage>;
    if ((role !== 'user' && role !== 'assistant') || content === undefined) {
      throw defect(`a list with ${describeShape(one)}`);
    }
    const block = checkedBlock(content, `messages[${index}].content`);
    if (typeof block === 'string') throw defect(`a list with ${describeShape(one)} (${block})`);
    return block === content ? one : { ...one, content: block };
  });
}
