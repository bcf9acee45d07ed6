/** The public API: what an app declaration needs, and what hosts one. */
export { type App, type AppOptions, defineApp, extendApp } from './core/declaration/app.ts';
export * from './core/declaration/feed.ts';
export * from './core/declaration/handlers.ts';
export * from './core/declaration/stream.ts';
export { type ErrorCode, TidegateError } from './core/errors.ts';
export type { EventMeta, StreamEvent } from './core/event.ts';
export type { Json, JsonObject } from './core/json.ts';
export type { Principal } from './core/principal.ts';
export { http, type HttpCursor, type HttpOptions } from './ingest/http.ts';
export { mqtt, type MqttOptions } from './ingest/mqtt.ts';
