/**
 * The actions as tools: `admin_feeds_pause`. They are for callers to whom the scope `admin` was given by name: a caller with `*`, as
 * everyone has on an open server, has not asked for them, and would be shown fifty tools more. What changes something is on record.
 */
import type { Tool, ToolAnnotations } from '../../declare/tool.ts';
import { tool } from '../../declare/tool.ts';
import { asTidegateError } from '../../base/errors.ts';
import { inLines } from '../../base/plain.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { ADMIN_READ, ADMIN_SCOPE } from '../../base/scopes.ts';
import { accounted } from '../../calls/context.ts';
import type { WorkDeps } from '../../calls/events/delivery-deps.ts';
import { actionTarget, type Effect, effectOf, type OperateContext, type OperatorAction } from '../action.ts';
import { USUAL_WIDTH } from '../table.ts';
import { ACTIONS } from './actions.ts';

/** What of a call's time an action may take: the rest is for the last of its steps, and for the answer. */
const SHARE = 0.7;

const ANNOTATIONS: Record<Effect, ToolAnnotations> = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  changes: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  destroys: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
};

export function toolNameOf({ noun, verb }: Pick<OperatorAction, 'noun' | 'verb'>): string {
  return ['admin', noun, verb].filter((part) => part !== '').join('_');
}

export function operatorTools(deps: WorkDeps): Readonly<Record<string, Tool>> {
  const shown = ACTIONS.filter(({ only }) => only !== 'command');
  return Object.fromEntries(shown.map((action) => [toolNameOf(action), toolOf(action, deps)]));
}

function toolOf(action: OperatorAction, deps: WorkDeps): Tool {
  const { description, input, output, effect } = action;
  return tool({
    description,
    scopes: [effect === 'reads' ? ADMIN_READ : ADMIN_SCOPE],
    input,
    output,
    annotations: ANNOTATIONS[effect],
    async run(given, context) {
      const { principal, deadline, signal, progress } = context;
      const scope = accounted(deps, context);
      const begun = context.now();
      const lent: OperateContext = {
        deps: { ...deps, store: scope.store, runtime: scope.runtime },
        tenant: principal.tenant,
        ofApp: principal.tenant === APP_TENANT,
        by: principal,
        deadline: begun + (deadline - begun) * SHARE,
        signal,
        progress: (done, total, unit) => progress(done, total ?? undefined, unit),
        release: null,
        files: null,
        tell: null,
      };
      const answer = await onRecord(action, given, lent);
      return { text: inLines(action.lines(answer, context.now(), USUAL_WIDTH)), structured: answer };
    },
  });
}

/** Runs an action, and puts on record what changed something, and what failed to. */
export async function onRecord(
  action: OperatorAction,
  input: Readonly<Record<string, unknown>>,
  context: OperateContext,
): Promise<Record<string, unknown>> {
  const { by, deps } = context;
  const entry = { action: 'operate', target: actionTarget(action, input) } as const;
  const note = async (code: string | null) => {
    if (effectOf(action, input) !== 'reads') await deps.audit?.note(by, { ...entry, code });
  };
  try {
    const answer = await action.run(input, context);
    await note(action.failed?.(answer) ?? null);
    return answer;
  } catch (thrown) {
    await note(context.signal.aborted ? 'cancelled' : asTidegateError(thrown).code);
    throw thrown;
  }
}
