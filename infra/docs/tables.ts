/** The option tables that READMEs may have, by the name in their marker `<!-- options: mqtt -->` … `<!-- /options -->`. */
import type * as z from 'zod';
import { appSpec } from '../../src/declare/spec/app.ts';
import { apiSpec, cacheSpec, guardSpec, httpDefaultsSpec, httpToolSpec } from '../../src/declare/spec/http-tool.ts';
import { pacingSpec } from '../../src/declare/spec/feed.ts';
import { promptSpec } from '../../src/declare/spec/prompt.ts';
import { resourceSpec } from '../../src/declare/spec/resource.ts';
import { pushSpec, streamSpec } from '../../src/declare/spec/stream.ts';
import { policySpec, taskSpec } from '../../src/declare/spec/task.ts';
import { toolSpec } from '../../src/declare/spec/tool.ts';
import { triggerSpec } from '../../src/declare/spec/trigger.ts';
import { csvSpec } from '../../src/feeds/http/formats/csv-options.ts';
import { httpSpec } from '../../src/feeds/http/spec.ts';
import { rssSpec } from '../../src/feeds/http/formats/rss-options.ts';
import { sseSpec } from '../../src/feeds/http/sse/options.ts';
import { mqttRouteSpec, mqttSpec, responseSpec, ruleSpec, topicsSpec } from '../../src/feeds/mqtt-session/spec.ts';
import { pullSpec } from '../../src/feeds/kit/pull.ts';
import { sourceSpec } from '../../src/feeds/aws/spec.ts';
import { webSocketSpec } from '../../src/feeds/websocket/spec.ts';
import { settingsSpec } from '../../src/hosts/aws/settings-spec.ts';
import { optionRows, type OptionRow, optionTable } from './option-table.ts';

interface Table {
  spec: z.ZodObject;
  /** The interface that has the docstrings. */
  type: string;
  /** Options that another table has, or that nobody writes. */
  left?: readonly string[];
}

/** Pacing is the same for every kind of feed, and has a table of its own. */
const PACING = Object.keys(pacingSpec.shape);

/** What a tool may say as its API does; the table of APIs has it. */
const HTTP_DEFAULTS = Object.keys(httpDefaultsSpec.shape);

export const TABLES: Readonly<Record<string, Table>> = {
  api: { spec: apiSpec, type: 'ApiOptions', left: ['kind'] },
  aws: { spec: settingsSpec, type: 'TidegateSettings' },
  app: { spec: appSpec, type: 'AppOptions' },
  csv: { spec: csvSpec, type: 'CsvOptions' },
  http: { spec: httpSpec, type: 'HttpOptions', left: PACING },
  'http-tool': { spec: httpToolSpec, type: 'HttpToolOptions', left: HTTP_DEFAULTS },
  'http-tool-cache': { spec: cacheSpec, type: 'HttpCache' },
  'http-tool-guard': { spec: guardSpec, type: 'HttpGuard' },
  mqtt: { spec: mqttSpec, type: 'MqttOptions', left: [...PACING, 'topics.read', 'topics.publish', 'topics.audit'] },
  'mqtt-publish': { spec: ruleSpec, type: 'MqttPublishRule', left: ['response.topic', 'response.correlation'] },
  'mqtt-response': { spec: responseSpec, type: 'MqttResponse' },
  'mqtt-route': { spec: mqttRouteSpec, type: 'MqttRoute' },
  'mqtt-topics': { spec: topicsSpec, type: 'MqttTopics' },
  pacing: { spec: pacingSpec, type: 'FeedPacing' },
  prompt: { spec: promptSpec, type: 'PromptOptions', left: ['kind'] },
  pull: { spec: pullSpec, type: 'PullOptions', left: PACING },
  push: { spec: pushSpec, type: 'PushOptions' },
  resource: { spec: resourceSpec, type: 'ResourceOptions', left: ['kind'] },
  rss: { spec: rssSpec, type: 'RssOptions' },
  source: { spec: sourceSpec, type: 'SourceOptions' },
  sse: { spec: sseSpec, type: 'SseOptions' },
  stream: { spec: streamSpec, type: 'StreamOptions' },
  task: { spec: taskSpec, type: 'TaskOptions', left: ['kind'] },
  'task-policy': { spec: policySpec, type: 'TaskPolicy' },
  tool: { spec: toolSpec, type: 'ToolOptions', left: ['kind'] },
  trigger: { spec: triggerSpec, type: 'TriggerOptions', left: ['kind'] },
  websocket: { spec: webSocketSpec, type: 'WebSocketOptions', left: PACING },
};

export function rowsOf(name: string): OptionRow[] {
  const table = TABLES[name];
  if (!table) throw new Error(`there is no option table ${name}: one of ${Object.keys(TABLES).join(', ')}`);
  return optionRows(table.spec, table.type, table.left);
}

const MARKED = /(<!-- options: ([\w-]+) -->\n).*?(<!-- \/options -->)/gs;

/** A README with each of its option tables as the specification has it. */
export function withTables(readme: string): string {
  return readme.replaceAll(
    MARKED,
    (_, open: string, name: string, close: string) => `${open}${optionTable(rowsOf(name))}\n${close}`,
  );
}
