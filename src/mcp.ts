/**
 * `tidegate/mcp`: sessions, subscriptions and tasks for tools of your own, without a stream. What stands in the declaration is
 * made with `tool`, `task`, `resource` and `prompt` of `tidegate`.
 */
export { createMcp, type Mcp, type McpOptions, type McpParts } from './hosts/create-mcp.ts';
