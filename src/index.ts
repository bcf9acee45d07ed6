/** The public API: what an app's declaration is written with. What hosts and tests an app stands in `tidegate/host` and its neighbours. */

// The app as a whole.
export type { App, AppOptions } from './declare/app.ts';
export { defineApp, extendApp } from './declare/check/define-app.ts';
export type { Problem } from './declare/problem.ts';
export { type Secret, type SecretObject, secret } from './declare/secret.ts';

// Streams: logs of events that agents read and conditions are about.
export * from './declare/stream.ts';
export type {
  AllOf,
  AnyOf,
  Condition,
  ConditionKind,
  KeyTest,
  Missing,
  Sequence,
  TriggerCondition,
  Where,
  WindowAggregate,
} from './declare/condition.ts';
export type * from './declare/app-streams.ts';
export type * from './declare/stream-windows.ts';
export type { EventMeta, StreamEvent } from './base/event.ts';

// Feeds: what every kind shares, and what a kind of your own is made with.
export type * from './declare/feed.ts';
export type * from './declare/app-feeds.ts';
export type * from './declare/outlet.ts';
export { from } from './feeds/from.ts';
export type { PullContext, Pulled, PullEvent, PullOptions } from './feeds/kit/pull.ts';
export { pull } from './feeds/kit/pull.ts';
export { pacingOptions } from './declare/spec/feed.ts';
export { withDefaults } from './declare/spec/options.ts';
export { specProblems } from './declare/spec/problems.ts';

// The HTTP feed and its formats.
export {
  http,
  type HttpAt,
  type HttpBody,
  type HttpCursor,
  type HttpFormat,
  type HttpOptions,
  type HttpPages,
  type HttpSince,
  type HttpWait,
} from './feeds/http/feed.ts';
export { csv } from './feeds/http/formats/csv.ts';
export type { CsvOptions } from './feeds/http/formats/csv-options.ts';
export { rss } from './feeds/http/formats/rss.ts';
export type { RssOptions } from './feeds/http/formats/rss-options.ts';
export type { RssEntry } from './feeds/rss/entry.ts';
export { sse } from './feeds/http/sse/format.ts';
export type { SseOptions } from './feeds/http/sse/options.ts';
export type { Politeness } from './net/politeness.ts';

// The MQTT feed and its outlet.
export {
  mqtt,
  type MqttOptions,
  type MqttInbound,
  type MqttListening,
  type MqttMessage,
  type MqttOutcome,
  type MqttOutlet,
  type MqttPublishRule,
  type MqttReceiveOutcome,
  type MqttRequest,
  type MqttRequestOutcome,
  type MqttResponse,
  type MqttRoute,
  type MqttTls,
  type MqttTopics,
} from './feeds/mqtt/feed.ts';
export type { OutboundMessage, OutboundRequest, ReceiveOptions } from './feeds/mqtt-session/messages.ts';
export { publishAudit, type PublishRecord } from './feeds/mqtt/publish-audit.ts';

// The WebSocket feed.
export {
  type CatchUp,
  type Hole,
  type MessageTest,
  type SocketHeartbeat,
  type SocketMessage,
  type SocketPayload,
  type SocketStanding,
  websocket,
  type WebSocketOptions,
} from './feeds/websocket/feed.ts';

// Feeds that event sources of AWS Lambda fill.
export { eventBridge, iot, kinesis, type SourceOptions, type SourceRecord, sqs } from './feeds/aws/feed.ts';

// Tools, resources and prompts, and what their functions are given and answer.
export * from './declare/tool.ts';
export * from './declare/resource.ts';
export * from './declare/prompt.ts';
export { completeKeys, completeStreams } from './declare/completers.ts';
export type * from './declare/content.ts';
export type * from './declare/context.ts';
export type { Annotations, Icon } from './declare/display.ts';
export { type Answer, type AskRequest, form, type FormRequest, page, type UrlRequest } from './declare/ask.ts';
export type { Root, SampleParams, SampleResult } from './declare/client-asks.ts';

// HTTP APIs as tools.
export * from './declare/http-api.ts';
export {
  type HttpCache,
  type HttpGuard,
  type HttpPaging,
  httpTool,
  type HttpTool,
  type HttpToolOptions,
} from './declare/http-tool.ts';

// Tasks.
export {
  type Occurrence,
  type StepContext,
  type StepOptions,
  type Task,
  task,
  type TaskContext,
  type TaskFallback,
  type TaskOptions,
  type TaskPolicy,
} from './declare/task.ts';

// Triggers.
export {
  type OccurrenceData,
  type Severity,
  type Trigger,
  trigger,
  type TriggerAlarm,
  type TriggerMoment,
  type TriggerOccurrence,
  type TriggerOptions,
} from './declare/trigger.ts';

// Extensions of MCP.
export type { Extension, ExtensionCapability, ExtensionMethod } from './mcp/extension.ts';

// What all of them share.
export { type ErrorCode, TidegateError } from './base/errors.ts';
export type { Json, JsonObject } from './base/json.ts';
export type { Principal } from './base/principal.ts';
export type { Alarm, AlarmQuery, AppAlarms } from './declare/trigger.ts';
