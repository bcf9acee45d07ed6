/**
 * What callers do with tools and tasks, told to the audit log once it is done. Tools that say that they change nothing are left
 * out; publications are told by `calls/publishing/outcomes.ts`, and pushes by the route.
 */
import type { Audit, AuditEntry } from '../streams/audit.ts';
import { asTidegateError } from '../base/errors.ts';
import type { Principal } from '../base/principal.ts';
import type { App } from '../declare/app.ts';
import type { DeliveryService } from '../deliveries/subscriptions.ts';
import type { Tool } from '../declare/tool.ts';
import type { Tasks } from '../tasks/work/service.ts';

/** The code of a tool that answered that it failed. */
const FAILED = 'tool_failed';

/** The app with tools that are on record; the same app where nobody keeps one. */
export function withAuditedTools(app: App, audit: Audit | undefined): App {
  if (!audit) return app;
  const tools = [...app.tools].map(([name, tool]): [string, Tool] => [
    name,
    tool.annotations?.readOnlyHint === true ? tool : auditedTool(name, tool, audit),
  ]);
  return { ...app, tools: new Map(tools) };
}

function auditedTool(name: string, tool: Tool, audit: Audit): Tool {
  return {
    ...tool,
    // A handler that asks somebody is entered again with the answer, and ends then alone.
    run: (input, context) =>
      noted(audit, context.principal, { action: 'call', target: name }, async () => {
        const answer = await tool.run(input, context);
        return [answer, typeof answer === 'object' && answer.isError === true ? { code: FAILED } : {}];
      }),
  };
}

/** Tasks whose requests, answers and ends are on record; the same tasks where nobody keeps one. */
export function auditedTasks(tasks: Tasks, audit: Audit | undefined): Tasks {
  if (!audit) return tasks;
  return {
    ...tasks,
    on: (store) => auditedTasks(tasks.on(store), audit),
    begin: (principal, task, ...more) =>
      noted(audit, principal, { action: 'task', target: task }, async () => {
        const begun = await tasks.begin(principal, task, ...more);
        return [begun, { task: begun.taskId }];
      }),
    answer: (principal, taskId, ...more) =>
      noted(audit, principal, { action: 'answer', target: null, task: taskId }, async () => [
        await tasks.answer(principal, taskId, ...more),
        {},
      ]),
    cancel: (principal, taskId, ...more) =>
      noted(audit, principal, { action: 'cancel', target: null, task: taskId }, async () => [
        await tasks.cancel(principal, taskId, ...more),
        {},
      ]),
  };
}

/** Subscriptions whose beginnings and ends are on record; the same service where nobody keeps one. */
export function auditedDeliveries(service: DeliveryService, audit: Audit | undefined): DeliveryService {
  if (!audit) return service;
  return {
    ...service,
    subscribe: (principal, request, ...more) =>
      noted(audit, principal, { action: 'subscribe', target: request.source }, async () => [
        await service.subscribe(principal, request, ...more),
        {},
      ]),
    unsubscribe: (principal, which, ...more) =>
      noted(audit, principal, { action: 'unsubscribe', target: 'id' in which ? which.id : which.source }, async () => [
        await service.unsubscribe(principal, which, ...more),
        {},
      ]),
  };
}

/** @param work answers with what is known of it then */
async function noted<Answer>(
  audit: Audit,
  principal: Principal,
  entry: AuditEntry,
  work: () => Promise<[Answer, Partial<AuditEntry>]>,
): Promise<Answer> {
  try {
    const [answer, more] = await work();
    await audit.note(principal, { ...entry, ...more });
    return answer;
  } catch (thrown) {
    await audit.note(principal, { ...entry, code: asTidegateError(thrown).code });
    throw thrown;
  }
}
