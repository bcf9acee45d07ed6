/** Runs actions of operators as their two faces do, and holds every answer against what the action says of it. */
import { expect } from 'vitest';
import type { Principal } from '../../src/base/principal.ts';
import { type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import type { App } from '../../src/index.ts';
import { actionName, type OperateContext, type OperateFiles } from '../../src/operate/action.ts';
import { ACTIONS } from '../../src/operate/faces/actions.ts';
import { onRecord } from '../../src/operate/faces/tools.ts';
import { columnsOf } from '../../src/operate/table.ts';
import type { Store } from '../../src/store/store.ts';

const OPERATOR: Principal = { tenant: 'public', subject: 'operator', client: null, scopes: ['admin'] };
const WIDTH = 100;

export interface Acting {
  /** By the words of the command. Answers the output. */
  act: <Answer = Record<string, unknown>>(
    name: string,
    input?: object,
    more?: Partial<OperateContext>,
  ) => Promise<Answer>;
  /** The lines of the last answer. */
  lines: () => string[];
  deps: OperateContext['deps'];
  files: Map<string, string>;
}

export function acting(app: App, store: Store, runtime: Runtime = systemRuntime(() => {})): Acting {
  const deps = withTasks({ app, store, runtime, isOpen: false });
  const files = new Map<string, string>();
  let shown: string[] = [];
  return {
    deps,
    files,
    lines: () => shown,
    async act<Answer>(name: string, input: object = {}, more: Partial<OperateContext> = {}) {
      const action = ACTIONS.find((each) => actionName(each) === name);
      if (action === undefined) throw new Error(`no action ${name}`);
      const parsed = action.input.parse(input);
      const context: OperateContext = {
        deps,
        tenant: 'public',
        ofApp: true,
        by: OPERATOR,
        deadline: runtime.now() + 60_000,
        signal: new AbortController().signal,
        progress: () => {},
        release: null,
        files: filesIn(files),
        tell: null,
        ...more,
      };
      const output = await onRecord(action, parsed, context);
      // What JSON loses is lost on the way to whoever asked.
      const sent = JSON.parse(JSON.stringify(output)) as Record<string, unknown>;
      expect(action.output.strict().parse(sent)).toEqual(sent);
      shown = action.lines(output, runtime.now(), WIDTH);
      for (const line of shown) expect(line).not.toContain('undefined');
      for (const line of shown.slice(0, 1)) expect(columnsOf(line)).toBeLessThanOrEqual(200);
      return sent as Answer;
    },
  };
}

function filesIn(files: Map<string, string>): OperateFiles {
  return {
    async write(name, pieces) {
      const parts: Uint8Array[] = [];
      for await (const piece of pieces) parts.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
      const whole = Buffer.concat(parts);
      files.set(name, whole.toString());
      return { bytes: whole.length };
    },
    async *read(name) {
      const bytes = Buffer.from(files.get(name) ?? '');
      // In pieces that end within lines and characters.
      for (let from = 0; from < bytes.length; from += 1_013) yield bytes.subarray(from, from + 1_013);
    },
    size: async (name) => files.get(name)?.length ?? null,
  };
}
