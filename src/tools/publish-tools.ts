/** The tools that an app's feeds give where they let something out. */
import type { Tool } from '../declare/tool.ts';
import { outlets } from '../calls/feeds.ts';
import type { AppDeps } from '../calls/context.ts';
import { publishTool } from './publish.ts';
import { requestTool } from './request.ts';

/** By name; none where no feed allows to publish, and no `request` where answers are declared nowhere. */
export function publishTools({ app }: AppDeps): Record<string, Tool> {
  const found = outlets(app);
  const rules = [...found.values()].flatMap((outlet) => outlet.rules);
  return {
    ...(rules.length > 0 ? { publish: publishTool(found) } : {}),
    ...(rules.some(({ answers }) => answers !== null) ? { request: requestTool(found) } : {}),
  };
}
