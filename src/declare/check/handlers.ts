/**
 * Checks the tools, resources and prompts of an app: the options of each, and that no two resources share a URI. This
 * file is pure.
 */
import type * as z from 'zod';
import { uriVariables } from '../../base/uri.ts';
import type { AppOptions } from '../app.ts';
import { checkHttpTools, isDeclaredHttp } from './http-tools.ts';
import type { Problem } from '../problem.ts';
import type { Prompt } from '../prompt.ts';
import type { ChangeSource, Resource } from '../resource.ts';
import { knownName } from '../../base/known-names.ts';
import { isBroken, specProblems } from '../spec/problems.ts';
import { promptSpec } from '../spec/prompt.ts';
import { resourceSpec } from '../spec/resource.ts';
import { toolSpec } from '../spec/tool.ts';

export function checkHandlers({ tools, resources, prompts, streams }: AppOptions, problems: Problem[]): void {
  const others = Object.entries(tools ?? {}).filter(([, tool]) => !isDeclaredHttp(tool));
  checkEach('tools', 'tool({ description, run, … })', toolSpec, Object.fromEntries(others), problems);
  checkHttpTools(tools, problems);
  checkEach('prompts', 'prompt({ description, run, … })', promptSpec, prompts, problems, checkArguments);
  const uris = new Map<string, string>();
  checkEach('resources', 'resource({ uri, read, … })', resourceSpec, resources, problems, (resource, path) => {
    if (isBroken(problems, `${path}.uri`)) return;
    checkUri(resource, path, uris, problems);
    if (resource.size !== undefined && resource.uri.includes('{')) {
      problems.push({ path: `${path}.size`, expected: 'none: what a template reads has many sizes' });
    }
    if (!isBroken(problems, `${path}.changes`)) checkChanges(resource, path, streams ?? {}, problems);
    if (!isBroken(problems, `${path}.complete`)) checkCompleted(resource, path, problems);
  });
}

/** Checks each handler of one section. `also` gets what the section's function made, which may have mistakes in it. */
export function checkEach<Handler>(
  part: 'tools' | 'tasks' | 'resources' | 'prompts',
  expected: string,
  shape: z.ZodObject<{ kind: z.ZodLiteral<string> }>,
  handlers: Record<string, Handler> | undefined,
  problems: Problem[],
  also?: (handler: Handler, path: string, problems: Problem[]) => void,
): void {
  for (const [name, handler] of Object.entries(handlers ?? {})) {
    const path = `${part}.${name}`;
    if (!shape.shape.kind.safeParse((handler as { kind?: unknown } | null | undefined)?.kind).success) {
      problems.push({ path, expected });
      continue;
    }
    problems.push(...specProblems(shape, handler, path));
    also?.(handler, path, problems);
  }
}

function checkArguments(prompt: Prompt, path: string, problems: Problem[]): void {
  if (isBroken(problems, `${path}.arguments`)) return;
  const names = (prompt.arguments ?? []).map(({ name }) => name);
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) === index) continue;
    problems.push({
      path: `${path}.arguments.${index}.name`,
      expected: 'a name that no other argument has',
      found: name,
    });
  }
}

function checkUri({ uri }: Resource, path: string, uris: Map<string, string>, problems: Problem[]): void {
  const other = uris.get(uri);
  const name = path.slice(path.indexOf('.') + 1);
  if (other) problems.push({ path: `${path}.uri`, expected: `a URI other than that of ${other}`, found: uri });
  uris.set(uri, name);
}

function checkChanges(
  { changes }: Resource,
  path: string,
  streams: NonNullable<AppOptions['streams']>,
  problems: Problem[],
): void {
  if (!Array.isArray(changes)) return;
  for (const [index, { stream }] of (changes as readonly ChangeSource[]).entries()) {
    const isKnown =
      typeof stream === 'string' ? Object.hasOwn(streams, stream) : Object.values(streams).includes(stream);
    const expected = typeof stream === 'string' ? knownName(stream, Object.keys(streams)) : 'a stream of this app';
    if (!isKnown) problems.push({ path: `${path}.changes.${index}.stream`, expected });
  }
}

function checkCompleted({ uri, complete }: Resource, path: string, problems: Problem[]): void {
  const variables = uriVariables(uri);
  for (const name of Object.keys(complete ?? {})) {
    if (variables.includes(name)) continue;
    problems.push({ path: `${path}.complete.${name}`, expected: knownName(name, variables) });
  }
}
