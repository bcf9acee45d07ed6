/** The built-in tools: those that an app has because it has streams or feeds. */
import type { Tool } from '../declare/tool.ts';
import type { AppDeps } from '../calls/context.ts';
import { listStreamsTool } from './list-streams.ts';
import { publishTools } from './outlet-tools.ts';
import { readHistoryTool } from './read-history.ts';
import { readLatestTool } from './read-latest.ts';
import { tailStreamTool } from './tail-stream.ts';

/** By name; none for an app without streams, but where its feeds can be published to. */
export function streamTools(deps: AppDeps): Record<string, Tool> {
  if (deps.app.streams.size === 0) return publishTools(deps);
  return {
    list_streams: listStreamsTool(deps),
    read_latest: readLatestTool(deps),
    read_history: readHistoryTool(deps),
    tail_stream: tailStreamTool(deps),
    ...publishTools(deps),
  };
}
