/** Resources that an app declares, and the completion of the variables of their templates. */
import type { CompletedValues, StreamRef } from './app-streams.ts';
import type { Annotations, Displayed } from './display.ts';
import type { Scoped } from './scoped.ts';
import type { HandlerContext, ListContext } from './context.ts';
import type { ContentBytes, ListedResource, ResourceContents } from './content.ts';

/**
 * Finds values that begin with `value`, for an argument or a variable. `chosen` holds the values of the other
 * arguments, where the client sends them. See `completeStreams` and `completeKeys`.
 */
export type Completer<Name extends string = string> = (
  value: string,
  context: ListContext,
  chosen?: Readonly<Partial<Record<Name, string>>>,
) => Promise<string[] | CompletedValues>;

/** How long an answer may be cached, and for whom. */
export interface CacheHint {
  /** For how long, in ms. */
  ttlMs: number;
  /** `public`: one copy for everybody. `private`: a copy for each principal. */
  cacheScope: 'public' | 'private';
}

/** Names of the variables in a URI template: `'id'` for `mine://{id}`. A URI that is no template has none. */
export type VariableOf<Uri extends string> = string extends Uri
  ? string
  : Uri extends `${string}{${infer Name}}${infer Rest}`
    ? (Name extends `+${infer Bare}` ? Bare : Name) | VariableOf<Rest>
    : never;

/** Events that change what a resource holds. */
export interface ChangeSource {
  /** By its declaration or its name. */
  stream: StreamRef<unknown>;
  /** Only events of this key. Default: all. */
  key?: string;
}

export interface ResourceOptions<Uri extends string = string> extends Displayed, Scoped {
  /**
   * A URI, or a template (RFC 6570) whose variables `read` gets: `mine://{id}`, and `{+path}` for what has slashes.
   */
  uri: Uri;
  /**
   * Variables may have a `..` between slashes (or `%2F`), as keys may that are no paths. Default: a URI with one reads nothing,
   * because a path of it leaves its folder.
   */
  dotSegments?: boolean;
  /** What the resource holds. */
  description?: string;
  /** Media type of the content. */
  mimeType?: string;
  /** For whom the content is, and how much it matters. */
  annotations?: Annotations;
  /** Bytes of the content, where that is known beforehand. A template has none. */
  size?: number;
  /** How long, and for whom, clients may cache the content. */
  cache?: CacheHint;
  /**
   * What changes the content, so that clients can listen to it: new events of these streams. A template may answer it by its
   * variables; null: there is no such resource. Beside them `resources.changed(uri)` of the context tells of a change, which an
   * empty list leaves as the only way. Default: nobody can listen.
   */
  changes?: readonly ChangeSource[] | ((variables: Record<VariableOf<Uri>, string>) => readonly ChangeSource[] | null);
  /** Answers the contents: text, or bytes in `blob`. It gets the variables of the template and the context of the request. */
  read(
    variables: Record<VariableOf<Uri>, string>,
    context: HandlerContext & { uri: string },
  ): Promise<ResourceContents<ContentBytes>[] | string>;
  /** Lists the resources that a template stands for. Default: none. */
  list?(context: ListContext): Promise<ListedResource[]>;
  /** Completes the variables of a template while somebody types. */
  complete?: { [Name in VariableOf<Uri>]?: Completer<VariableOf<Uri>> };
}

/** A declared resource, with the names of its variables forgotten. */
export interface Resource extends ResourceOptions {
  kind: 'resource';
}

/** Declares a resource. Where `uri` is written as a literal, it gives the types of its variables. */
export function resource<const Uri extends string>(options: ResourceOptions<Uri>): Resource {
  return { kind: 'resource', ...options };
}
