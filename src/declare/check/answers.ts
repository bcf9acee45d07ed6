/** Checks what handlers of resources and prompts answer, before it is sent: no client takes another form. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { describeShape } from '../../base/json-path.ts';
import type { ResourceContents } from '../content.ts';
import type { PromptMessage } from '../prompt.ts';

/** @throws TidegateError `internal` for what is neither a text nor a list of contents */
export function contentsOf(
  answer: string | ResourceContents[],
  { name, uri, mimeType = 'text/plain' }: { name: string; uri: string; mimeType?: string | undefined },
): ResourceContents[] {
  if (typeof answer === 'string') return [{ uri, mimeType, text: answer }];
  const defect = (what: string) =>
    new TidegateError(
      'internal',
      `the resource ${name} answered ${what}: answer a text, or a list of { uri, text } or { uri, blob }`,
    );
  if (!Array.isArray(answer)) throw defect(describeShape(answer));
  for (const one of answer as unknown[]) {
    const { uri: itsUri, text, blob } = membersOf(one);
    const [content, other] = text === undefined ? [blob, text] : [text, blob];
    if (typeof itsUri !== 'string' || typeof content !== 'string' || other !== undefined) {
      throw defect(`a list with ${describeShape(one)}`);
    }
  }
  return answer;
}

/** @throws TidegateError `internal` for what is neither a text nor a list of messages */
export function messagesOf(answer: string | PromptMessage[], name: string): PromptMessage[] {
  if (typeof answer === 'string') return [{ role: 'user', content: { type: 'text', text: answer } }];
  const wrong = Array.isArray(answer) ? answer.find((one) => !isMessage(one)) : answer;
  if (Array.isArray(answer) && wrong === undefined) return answer;
  const what = Array.isArray(answer) ? `a list with ${describeShape(wrong)}` : describeShape(answer);
  throw new TidegateError(
    'internal',
    `the prompt ${name} answered ${what}: answer a text, or a list of { role, content: { type, … } }`,
  );
}

function isMessage(one: unknown): boolean {
  const { role, content } = membersOf(one);
  return (role === 'user' || role === 'assistant') && typeof membersOf(content)['type'] === 'string';
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
