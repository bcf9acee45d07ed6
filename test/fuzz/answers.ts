/** What is wrong with an answer, whatever was asked: it has to be in form, and never the server's own fault. */
import type { Answer } from './stage.ts';

const STATUSES = new Set([200, 202, 204, 304, 400, 401, 403, 404, 405, 406, 408, 413, 415, 429]);
const INTERNAL = -32_603;

interface Message {
  jsonrpc?: unknown;
  result?: unknown;
  error?: { code?: unknown; message?: unknown };
  method?: unknown;
}

/** The messages of an answer: its body, or each of those that were streamed. @throws SyntaxError where one is not JSON */
export function messagesOf({ type, text }: Answer): Message[] {
  if (text === '') return [];
  if (!type.startsWith('text/event-stream')) return [JSON.parse(text) as Message | Message[]].flat();
  const data = text.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trim()] : []));
  return data.filter((each) => each !== '').map((each) => JSON.parse(each) as Message);
}

/** Whether it is the stream of a listener, which is told so, and in the end is cut in place of an answer. */
export function listens([first]: readonly Message[]): boolean {
  return first?.method === 'notifications/subscriptions/acknowledged';
}

/**
 * Null where nothing is.
 * @param mostAnswers to a POST of `/mcp`: one, or several to a batch of before 2025-06-18; 0: another path, whose answer need not be JSON-RPC
 */
export function wrongWith(answer: Answer, mostAnswers: number): string | null {
  const { status, text } = answer;
  if (!STATUSES.has(status)) return `status ${status}`;
  if (mostAnswers === 0) return null;
  if (status === 202 || status === 204) return text === '' ? null : 'a body where there should be none';
  let messages: Message[];
  try {
    messages = messagesOf(answer);
  } catch {
    return 'not JSON';
  }
  const ends = messages.filter(({ method }) => method === undefined);
  if ((ends.length === 0 && !listens(messages)) || ends.length > mostAnswers) return `${ends.length} answers`;
  return ends.map((end) => wrongWithEnd(end, status)).find((wrong) => wrong !== null) ?? null;
}

/** Of a request without a valid credential: it hears that, or that it is out of form, and nothing else. */
export function wrongWithRefusal({ status, text }: Answer): string | null {
  if (![400, 401, 403].includes(status)) return `status ${status} without a valid credential`;
  return text.includes('"result"') ? 'a result without a valid credential' : null;
}

function wrongWithEnd(end: Message, status: number): string | null {
  if (end.jsonrpc !== '2.0') return 'not JSON-RPC 2.0';
  if ((end.result === undefined) === (end.error === undefined)) return 'not either a result or an error';
  if (end.error && (typeof end.error.message !== 'string' || !Number.isInteger(end.error.code)))
    return 'an error out of form';
  if (end.error?.code === INTERNAL) return 'an internal error';
  return status >= 400 && end.error === undefined ? 'a result with an error status' : null;
}
