/** The built-in tools: those that an app has because it has streams or feeds. */
import type { Tool } from '../declare/tool.ts';
import type { AppDeps } from '../calls/context.ts';
import { listStreamsTool } from './list-streams.ts';
import { publishTools } from './outlet-tools.ts';
import { readHistoryTool } from './read-history.ts';
import { readLatestTool } from './read-latest.ts';
import { tailStreamTool } from './tail-stream.ts';

interface StreamToolOptions {
  /** Whether there are streams, also where the caller may read none. Default: as the app has them. */
  hasStreams?: boolean;
  /** Which feeds may be published to. Default: all that can be. */
  mayPublish?: (feed: string) => boolean;
}

/** By name; none for an app without streams, but where its feeds can be published to. */
export function streamTools(
  deps: AppDeps,
  { hasStreams = deps.app.streams.size > 0, mayPublish }: StreamToolOptions = {},
): Record<string, Tool> {
  const publish = publishTools(deps, mayPublish);
  if (!hasStreams) return publish;
  return {
    list_streams: listStreamsTool(deps),
    read_latest: readLatestTool(deps),
    read_history: readHistoryTool(deps),
    tail_stream: tailStreamTool(deps),
    ...publish,
  };
}
