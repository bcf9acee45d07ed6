/** The public API: what an app declaration needs, and what hosts one. */
export { type App, type AppOptions, defineApp, extendApp } from './core/declaration/app.ts';
export { type Answer, type AskRequest, form, type FormRequest, page, type UrlRequest } from './core/declaration/ask.ts';
export type { Root, SampleParams, SampleResult } from './core/declaration/client-asks.ts';
export { completeKeys, completeStreams } from './core/declaration/completers.ts';
export type { Annotations, Icon } from './core/declaration/display.ts';
export * from './core/declaration/feed.ts';
export * from './core/declaration/handlers.ts';
export * from './core/declaration/http-api.ts';
export {
  type HttpCache,
  type HttpGuard,
  type HttpPaging,
  httpTool,
  type HttpTool,
  type HttpToolOptions,
} from './core/declaration/http-tool.ts';
export type {
  AppFeeds,
  FeedHealth,
  InboundMessage,
  OutboundMessage,
  OutboundRequest,
  PublishOutcome,
  PublishStatus,
  ReceiveOptions,
  ReceiveOutcome,
  RequestOutcome,
} from './core/declaration/outlet.ts';
export { type Secret, secret } from './core/declaration/secret.ts';
export { publishAudit, type PublishRecord } from './core/declaration/publish-audit.ts';
export * from './core/declaration/stream.ts';
export type { Condition, ConditionKind, KeyTest, Where } from './core/declaration/condition.ts';
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
} from './core/declaration/task.ts';
export { type ErrorCode, TidegateError } from './core/errors.ts';
export type { EventMeta, StreamEvent } from './core/event.ts';
export type { Json, JsonObject } from './core/json.ts';
export type { Principal } from './core/principal.ts';
export { csv, type CsvOptions } from './ingest/http-csv.ts';
export { rss, type RssEntry } from './ingest/http-rss.ts';
export { sse, type SseOptions } from './ingest/http-sse.ts';
export type { Politeness } from './ingest/http-politeness.ts';
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
} from './ingest/http.ts';
export { mqtt, type MqttOptions, type MqttPublishRule, type MqttResponse, type MqttTopics } from './ingest/mqtt.ts';
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
} from './ingest/websocket.ts';
export type { PullContext, Pulled, PullEvent, PullOptions } from './ingest/function.ts';
export { pull } from './ingest/function.ts';
