/** Resources that an app declares, and the completion of what is variable in them. */
import type { CompletedValues } from './app-streams.ts';
import type { Annotations, Displayed } from './display.ts';
import type { HandlerContext, ListContext } from './context.ts';
import type { ListedResource, ResourceContents } from './content.ts';

/**
 * Finds values that begin with `value`, for an argument or a variable; `chosen` are the others, where the client says them.
 * See `completeStreams` and `completeKeys`.
 */
export type Completer<Name extends string = string> = (
  value: string,
  context: ListContext,
  chosen?: Readonly<Partial<Record<Name, string>>>,
) => Promise<string[] | CompletedValues>;

/** How long and for whom an answer may be cached. */
export interface CacheHint {
  ttlMs: number;
  cacheScope: 'public' | 'private';
}

/** Names of the variables in a URI template: `'id'` of `mine://{id}`; none where there are none. */
export type VariableOf<Uri extends string> = string extends Uri
  ? string
  : Uri extends `${string}{${infer Name}}${infer Rest}`
    ? (Name extends `+${infer Bare}` ? Bare : Name) | VariableOf<Rest>
    : never;

export interface ResourceOptions<Uri extends string = string> extends Displayed {
  /** A URI, or a template (RFC 6570: `mine://{id}`, and `{+path}` for what has slashes), whose variables `read` gets. */
  uri: Uri;
  description?: string;
  mimeType?: string;
  annotations?: Annotations;
  /** Bytes of what is read, where that is known beforehand; not of a template. */
  size?: number;
  cache?: CacheHint;
  read(
    variables: Record<VariableOf<Uri>, string>,
    context: HandlerContext & { uri: string },
  ): Promise<ResourceContents[] | string>;
  /** Resources that a template lists; default: none. */
  list?(context: ListContext): Promise<ListedResource[]>;
  /** For the variables of a template. */
  complete?: { [Name in VariableOf<Uri>]?: Completer<VariableOf<Uri>> };
}

/** A declared resource, with the names of its variables forgotten. */
export interface Resource extends ResourceOptions {
  kind: 'resource';
}

/** Declares a resource; a `uri` that is written out gives the types of its variables. */
export function resource<const Uri extends string>(options: ResourceOptions<Uri>): Resource {
  return { kind: 'resource', ...options };
}
