/**
 * The tools that agents get for the MQTT feeds of an app: `publish` (`publish-tool.ts`) and `request`
 * (`request-tool.ts`).
 */
import type { Outlet, OutletTool } from '../../declare/outlet.ts';
import type { MqttRules } from './publish-rules.ts';
import { publishTool } from './publish-tool.ts';
import { requestTool } from './request-tool.ts';

/** There is no tool if no feed allows publishing, and no `request` if no rule declares answers. */
export function mqttTools(outlets: ReadonlyMap<string, Outlet>): Record<string, OutletTool> {
  const ours = outlets as ReadonlyMap<string, MqttRules>;
  const rules = [...ours.values()].flatMap((outlet) => outlet.rules);
  return {
    ...(rules.length > 0 ? { publish: publishTool(ours) } : {}),
    ...(rules.some(({ answers }) => answers !== null) ? { request: requestTool(ours) } : {}),
  };
}
