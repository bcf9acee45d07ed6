/**
 * `tidegate/operate`: the tools of operators, for hosts that do not have them by themselves: a server of one's own, and a Worker, whose
 * bundle they would make larger.
 */
export { operatorTools } from './operate/faces/tools.ts';
export type { LoadOperators, OperatorTools } from './mcp/operators.ts';
