/** What passed between a client and the server, and what can be told of it: the revision, the calls, the server's messages. Pure. */

export interface Passed {
  from: 'client' | 'server';
  /** One message, or several in an array. */
  line: string;
}

type Members = Record<string, unknown>;

/** A message of the server, with what it answers. */
export interface ServerMessage {
  revision: string;
  /** Of the request that it answers. */
  method: string | null;
  message: Members;
}

export interface Tape {
  /** That of the last request; null: there was none. */
  revision: string | null;
  /** How many calls of tools the client sent. */
  toolCalls: number;
  messages: ServerMessage[];
  /** What the server said that is no JSON, and was to be a message. */
  garbage: string[];
}

const REVISION_META = 'io.modelcontextprotocol/protocolVersion';
const FIRST_REVISION = '2025-11-25';

export function readTape(passed: readonly Passed[]): Tape {
  const tape: Tape = { revision: null, toolCalls: 0, messages: [], garbage: [] };
  const asked = new Map<unknown, { method: string; revision: string }>();
  let revision = FIRST_REVISION;
  for (const { from, line } of passed) {
    const messages = parsed(line);
    if (messages === null && from === 'server') tape.garbage.push(line.slice(0, 200));
    for (const message of messages ?? []) {
      const { id, method, params } = message;
      if (from === 'client') {
        if (typeof method !== 'string') continue;
        const own = ((params as Members | undefined)?.['_meta'] as Members | undefined)?.[REVISION_META];
        const of = typeof own === 'string' ? own : revision;
        tape.revision = of;
        if (method === 'tools/call') tape.toolCalls += 1;
        if (id !== undefined) asked.set(id, { method, revision: of });
        continue;
      }
      const question = method === undefined ? asked.get(id) : undefined;
      if (question?.method === 'initialize') {
        const chosen = (message['result'] as Members | undefined)?.['protocolVersion'];
        if (typeof chosen === 'string') tape.revision = question.revision = revision = chosen;
      }
      const of = question?.revision ?? tape.revision ?? revision;
      tape.messages.push({ revision: of, method: question?.method ?? null, message });
    }
  }
  return tape;
}

function parsed(line: string): Members[] | null {
  try {
    const value = JSON.parse(line) as Members | Members[];
    return Array.isArray(value) ? value : [value];
  } catch {
    return null;
  }
}
