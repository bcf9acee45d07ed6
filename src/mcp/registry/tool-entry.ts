/** A tool as the registry holds it: its schemas, converted once, and what `tools/list` shows of it. */
import type { JsonObject } from '../../base/json.ts';
import { checkObjectSchema, NO_ARGUMENTS } from '../../base/schema/json-schema.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Icon } from '../../declare/display.ts';
import type { Tool, ToolAnnotations } from '../../declare/tool.ts';
import type { SpecialTool } from '../extension.ts';
import { type ParamHeader, paramHeaders } from '../wire/param-headers.ts';
import type { PassesOver } from './arguments.ts';
import { unportable } from './client-subsets.ts';
import { displayed } from './displayed.ts';
import { shownSchema } from './shown-schema.ts';

export type ListedTool = Tool | SpecialTool;

/** A tool as `tools/list` shows it. */
export interface ToolListing {
  name: string;
  title?: string;
  icons?: Icon[];
  description: string;
  inputSchema: JsonObject;
  outputSchema?: JsonObject;
  annotations?: ToolAnnotations;
}

export interface ToolEntry {
  tool: ListedTool;
  passesOver: PassesOver;
  listing: ToolListing;
  headers: readonly ParamHeader[];
}

const FINDINGS_TOLD = 3;
/** How the names of operators' tools begin. */
const OPERATORS = 'admin_';

/** @param isPlain it comes with the server: what a model need not read is left out of its schemas */
export function toolEntryOf(name: string, tool: ListedTool, isPlain: boolean): ToolEntry {
  const path = isSpecial(tool) ? tool.path : `tools.${name}`;
  const shown = isSpecial(tool) ? undefined : tool.inputJsonSchema;
  const inputSchema = shown
    ? checkObjectSchema(shown, `${path}.inputJsonSchema`)
    : tool.input
      ? shownSchema(tool.input, 'input', `${path}.input`, isPlain)
      : NO_ARGUMENTS;
  const outputSchema = outputSchemaOf(tool, path, isPlain);
  return {
    tool,
    passesOver: isPlain ? passedOverBy(name, tool) : 'nothing',
    headers: paramHeaders(inputSchema, shown ? `${path}.inputJsonSchema` : `${path}.input`),
    listing: {
      name,
      ...displayed(tool),
      description: tool.description,
      inputSchema,
      ...(outputSchema ? { outputSchema } : {}),
      ...(tool.annotations ? { annotations: tool.annotations } : {}),
    },
  };
}

/**
 * An app decides for its own tools. What a built-in tool would undo for nobody is not done with half of what was asked for, and what
 * operators are told is what they asked for.
 */
function passedOverBy(name: string, { annotations }: ListedTool): PassesOver {
  return annotations?.destructiveHint === true || name.startsWith(OPERATORS) ? 'of clients' : 'all';
}

/** Told when the host is made: the tool works, but not with every client. */
export function warnOfClients({ runtime }: HandlerDeps, listing: ToolListing): void {
  const findings = unportable(listing);
  for (const client of new Set(findings.map((found) => found.client))) {
    const found = findings.filter((each) => each.client === client);
    const more = found.length - FINDINGS_TOLD;
    const places = found.slice(0, FINDINGS_TOLD).map(({ path, expected }) => `${path}: expected ${expected}`);
    if (more > 0) places.push(`and ${more} more`);
    runtime.log('warn', `the tool ${listing.name} has a schema that ${client} may not take`, {
      tool: listing.name,
      client,
      places,
    });
  }
}

export function isSpecial(tool: ListedTool): tool is SpecialTool {
  return 'call' in tool;
}

function outputSchemaOf(tool: ListedTool, path: string, isPlain: boolean): JsonObject | null {
  if (isSpecial(tool)) return tool.outputSchema?.() ?? null;
  return tool.output ? shownSchema(tool.output, 'output', `${path}.output`, isPlain) : null;
}
