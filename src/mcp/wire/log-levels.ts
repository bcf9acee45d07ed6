/** Levels of log messages in their order, the least first, and whether one reaches who asked for the least of them. Pure. */
import type { McpLogLevel } from '../../declare/context.ts';

export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const satisfies readonly McpLogLevel[];

/** Whether a message of this level is one of `least` and what is above it. */
export function isAtLeast(level: McpLogLevel, least: McpLogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}
