/** Prompts of the registry, and completion of their arguments and of resource templates. */
import * as z from 'zod';
import type { Icon } from '../../declare/display.ts';
import { MOST_VALUES } from '../../declare/completers.ts';
import type { CompletedValues } from '../../declare/app-streams.ts';
import type { Prompt, PromptMessage } from '../../declare/prompt.ts';
import type { ListContext } from '../../declare/context.ts';
import { messagesOf } from '../../declare/check/answers.ts';
import { TidegateError } from '../../base/errors.ts';
import { knownName, listedName } from '../../base/known-names.ts';
import { shortened } from '../../base/text.ts';
import { uriVariables } from '../../base/uri.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import { inAskingContext, inContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Caller } from '../../calls/caller.ts';
import { checkedArguments } from './arguments.ts';
import { displayed } from './displayed.ts';
import { type ListPage, listPageOf } from './pages.ts';
import { once } from './once.ts';
import type { ResourceRegistry } from './resources.ts';

interface PromptListing {
  name: string;
  title?: string;
  icons?: Icon[];
  description: string;
  arguments?: { name: string; title?: string; description?: string; required?: boolean }[];
}

interface PromptResult {
  description: string;
  messages: PromptMessage[];
}

export interface PromptRegistry {
  readonly size: number;
  list(cursor: string | undefined): ListPage<PromptListing>;
  /** @throws TidegateError `not_found` for an unknown prompt, `invalid_input` for a missing or unknown argument. */
  get(name: string, args: unknown, caller: Caller): Promise<PromptResult | InputRequired>;
  /** What the prompt declares that a caller needs. Nothing for most prompts, and for an unknown one. */
  scopesOf(name: string): readonly string[];
}

export function createPromptRegistry(deps: HandlerDeps, prompts: ReadonlyMap<string, Prompt>): PromptRegistry {
  const listings = once(() => [...prompts].map(([name, prompt]): PromptListing => listingOf(name, prompt)));
  return {
    size: prompts.size,
    list: (cursor) => listPageOf('prompts', listings(), cursor),
    scopesOf: (name) => prompts.get(name)?.scopes ?? [],
    async get(name, args, caller) {
      const prompt = promptNamed(prompts, name);
      const input = promptArguments(prompt, args);
      const asked = { method: 'prompts/get', name, args, once: false } as const;
      const answer = await inAskingContext(deps, caller, asked, (context) => prompt.run(input, context));
      if (isInputRequired(answer)) return answer;
      return { description: prompt.description, messages: messagesOf(answer, name) };
    },
  };
}

export interface Completion {
  /** At most 100. */
  values: string[];
  /** Absent: the number is not known. */
  total?: number;
  hasMore: boolean;
}

export type CompletionReference = { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string };

/** The argument to complete. `chosen` has the values of other arguments; default: none. */
export interface CompletedArgument {
  name: string;
  value: string;
  chosen?: Readonly<Record<string, string>>;
}

type Find = (
  value: string,
  context: ListContext,
  chosen: Readonly<Record<string, string>>,
) => Promise<string[] | CompletedValues>;

const NOTHING: Promise<string[]> = Promise.resolve([]);

/**
 * @throws TidegateError `not_found` for an unknown prompt or resource, `invalid_input` for an argument that it does not
 * have.
 */
export async function complete(
  deps: HandlerDeps,
  prompts: ReadonlyMap<string, Prompt>,
  resources: ResourceRegistry,
  reference: CompletionReference,
  argument: CompletedArgument,
  caller: Caller,
): Promise<Completion> {
  const find =
    reference.type === 'ref/prompt'
      ? ofPrompt(promptNamed(prompts, reference.name), argument.name)
      : ofResource(resources, reference.uri, argument.name);
  const what = `completion of ${shortened(argument.name, 200)}`;
  const found = await inContext(deps, caller, what, (context) => find(argument.value, context, argument.chosen ?? {}));
  return Array.isArray(found)
    ? bounded(found, found.length)
    : bounded(found.values, found.hasMore ? null : found.values.length);
}

/** @param total null: there are more than these, and their number is not known */
function bounded(values: string[], total: number | null): Completion {
  const shown = values.slice(0, MOST_VALUES);
  if (total === null) return { values: shown, hasMore: true };
  return { values: shown, total, hasMore: total > shown.length };
}

function ofPrompt(prompt: Prompt, name: string): Find {
  const argument = prompt.arguments?.find((declared) => declared.name === name);
  if (!argument) throw unknownArgument(name, prompt.arguments?.map((declared) => declared.name) ?? []);
  return (value, context, chosen) => argument.complete?.(value, context, chosen) ?? NOTHING;
}

function ofResource(resources: ResourceRegistry, uri: string, name: string): Find {
  const found = resources.find(uri);
  if (!found) {
    throw new TidegateError('not_found', `Unknown resource: ${uri}`, {
      field: 'ref.uri',
      expected: 'a template that resources/templates/list shows',
    });
  }
  const { resource } = found;
  const known = uriVariables(resource.uri);
  if (!known.includes(name)) throw unknownArgument(name, known);
  return (value, context, chosen) => resource.complete?.[name]?.(value, context, chosen) ?? NOTHING;
}

function promptNamed(prompts: ReadonlyMap<string, Prompt>, name: string): Prompt {
  const prompt = prompts.get(name);
  if (prompt) return prompt;
  throw new TidegateError('not_found', `Unknown prompt: ${name}`, {
    field: 'name',
    expected: listedName(name, [...prompts.keys()], 'the name of a prompt that prompts/list shows'),
  });
}

/** Arguments that the prompt does not have are passed over. */
function promptArguments(prompt: Prompt, args: unknown): Record<string, string> {
  const declared = prompt.arguments ?? [];
  const shape = declared.map(({ name, required }) => [name, required ? z.string() : z.string().optional()] as const);
  const read = checkedArguments(z.object(Object.fromEntries(shape)), args, 'nothing');
  if (read.ok) return read.input as Record<string, string>;
  const { field, expected, text } = read;
  throw new TidegateError('invalid_input', text, { field: `arguments.${field}`, expected });
}

function unknownArgument(name: string, known: readonly string[]): TidegateError {
  return new TidegateError('invalid_input', `There is no argument ${name} here`, {
    field: 'argument.name',
    expected: known.length === 0 ? 'none: there are no arguments' : knownName(name, known, 'arguments'),
  });
}

function listingOf(name: string, prompt: Prompt): PromptListing {
  const declared = prompt.arguments?.map(({ name: argument, title, description, required }) => ({
    name: argument,
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(required === undefined ? {} : { required }),
  }));
  return {
    name,
    ...displayed(prompt),
    description: prompt.description,
    ...(declared && declared.length > 0 ? { arguments: declared } : {}),
  };
}
