/**
 * Resources of the registry: fixed URIs and templates. The list of fixed ones is built once; a template may add its own
 * items.
 */
import type { CacheHint, ChangeSource, Resource } from '../../declare/resource.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { ResourceSource } from '../../calls/changes/topics.ts';
import type { ListContext } from '../../declare/context.ts';
import type { ListedResource, ResourceContents } from '../../declare/content.ts';
import { TidegateError } from '../../base/errors.ts';
import { normalUri } from '../../base/uri.ts';
import { contentsOf, listingsOf } from '../../declare/check/answers.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import { inAskingContext, inContext } from '../../calls/context.ts';
import type { HandlerDeps } from '../../calls/deps.ts';
import type { Caller } from '../../calls/caller.ts';
import { displayed } from './displayed.ts';
import { type ListPage, listPageOf } from './pages.ts';
import { once } from './once.ts';
import { isTemplate, leavesFolder, type UriTemplate, uriTemplate } from './uri-template.ts';

type ResourceListing = ListedResource;

interface TemplateListing extends Omit<ResourceListing, 'uri' | 'size'> {
  uriTemplate: string;
}

type ReadResult = { contents: ResourceContents[] } & CacheHint;

export interface ResourceRegistry {
  readonly size: number;
  list(cursor: string | undefined, caller: Caller): Promise<ListPage<ResourceListing> & CacheHint>;
  templates(cursor: string | undefined): ListPage<TemplateListing>;
  /** @throws TidegateError `not_found` for a URI that fits no resource and no template. */
  read(uri: string, caller: Caller): Promise<ReadResult | InputRequired>;
  /** The resource of a fixed URI, or of a template as it is declared; null where there is none. */
  find(uri: string): NamedResource | null;
  /** The resource that a URI reads; null where there is none. */
  at(uri: string): (NamedResource & { variables: Record<string, string> }) | null;
  /** What changes the resource that a URI reads; null: there is none, or nobody can listen to it. */
  sourcesOf(uri: string): readonly ResourceSource[] | null;
  /** What is listed for everybody whom the registry serves: without what templates find. */
  declared(): object;
}

/** For a resource that declares no `cache`: clients keep nothing. */
const UNCACHED: CacheHint = { ttlMs: 0, cacheScope: 'private' };
/** For lists that hold declared items alone, where everyone is shown the same. */
export const DECLARED: CacheHint = { ttlMs: 300_000, cacheScope: 'public' };
/** For lists to which a template adds items of the caller's own data. */
const FOUND: CacheHint = { ttlMs: 10_000, cacheScope: 'private' };

export interface NamedResource {
  name: string;
  resource: Resource;
}

interface Declared extends NamedResource {
  template: UriTemplate;
}

/**
 * @param declaredHint for lists that hold declared items alone
 * @param streamOf answers the stream that changes a resource. Default: there is none
 * @throws TidegateError `invalid_config` naming a template that is not RFC 6570 level 1.
 */
export function createResourceRegistry(
  deps: HandlerDeps,
  resources: ReadonlyMap<string, Resource>,
  declaredHint: CacheHint = DECLARED,
  streamOf: (ref: ChangeSource['stream']) => DeclaredStream | null = () => null,
): ResourceRegistry {
  const fixed = new Map<string, NamedResource>();
  const templates: Declared[] = [];
  for (const [name, resource] of resources) {
    if (!isTemplate(resource.uri)) fixed.set(resource.uri, { name, resource });
    else templates.push({ name, resource, template: uriTemplate(resource.uri, `resources.${name}.uri`) });
  }
  const byNormalForm = new Map([...fixed].map(([uri, found]) => [normalUri(uri), found]));
  const fixedAt = (uri: string) => fixed.get(uri) ?? byNormalForm.get(normalUri(uri));
  const fixedListings = once(() =>
    [...fixed.values()].map(({ name, resource }): ResourceListing => ({
      uri: resource.uri,
      ...described(name, resource),
      ...(resource.size === undefined ? {} : { size: resource.size }),
    })),
  );
  const templateListings = once(() =>
    templates.map(({ name, resource }): TemplateListing => ({
      uriTemplate: resource.uri,
      ...described(name, resource),
    })),
  );
  const listing = templates.filter(({ resource }) => resource.list !== undefined);

  function at(uri: string) {
    const exact = fixedAt(uri);
    if (exact) return { ...exact, variables: {} };
    for (const { name, resource, template } of templates) {
      const variables = template.match(uri);
      if (variables && (resource.dotSegments === true || !leavesFolder(uri, variables)))
        return { name, resource, variables };
    }
    return null;
  }

  return {
    size: resources.size,
    templates: (cursor) => listPageOf('templates', templateListings(), cursor),
    find: (uri) =>
      fixedAt(uri) ?? templates.find(({ template }) => normalUri(template.template) === normalUri(uri)) ?? null,
    at,
    declared: () => ({ resources: fixedListings(), templates: templateListings() }),
    sourcesOf(uri) {
      const found = at(uri);
      if (found === null) return null;
      const { changes } = found.resource;
      const sources = typeof changes === 'function' ? changes(found.variables) : changes;
      if (sources === undefined || sources === null) return null;
      return sources.flatMap(({ stream, ...key }) => {
        const declared = streamOf(stream);
        return declared === null ? [] : [{ stream: declared, ...key }];
      });
    },
    async list(cursor, caller) {
      const declared = fixedListings();
      if (listing.length === 0) return { ...listPageOf('resources', declared, cursor), ...declaredHint };
      const found = await inContext(deps, caller, 'list of resources', (context) =>
        Promise.all(listing.map((one) => listedBy(one, context))),
      );
      return { ...listPageOf('resources', [...declared, ...found.flat()], cursor), ...FOUND };
    },
    async read(uri, caller) {
      const found = at(uri);
      if (found) return readOne(found, uri, found.variables, deps, caller);
      throw new TidegateError('not_found', `Unknown resource: ${uri}`, {
        field: 'uri',
        expected: `a URI that resources/list shows, or one of the shape of a template${leavesFolder(uri, {}) ? ', without a `..` between slashes' : ''}`,
      });
    },
  };
}

/** @throws TidegateError `internal` naming an item that clients would throw the whole list away for */
async function listedBy({ name, resource }: NamedResource, context: ListContext): Promise<ResourceListing[]> {
  const items = listingsOf(await resource.list?.(context), name);
  const { mimeType, annotations } = resource;
  const shared = {
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return items.map((item) => ({ ...shared, ...item }));
}

async function readOne(
  { name, resource }: NamedResource,
  uri: string,
  variables: Record<string, string>,
  deps: HandlerDeps,
  caller: Caller,
): Promise<ReadResult | InputRequired> {
  const asked = { method: 'resources/read', name: uri, args: null, once: false } as const;
  const read = await inAskingContext(deps, caller, asked, (context) =>
    resource.read(variables, Object.defineProperty(context, 'uri', { value: uri }) as typeof context & { uri: string }),
  );
  if (isInputRequired(read)) return read;
  const contents = contentsOf(read, { name, uri, mimeType: resource.mimeType });
  // The client's cache does not know which answers a read depends on, so a read with answers is not cached.
  const { ttlMs, cacheScope } = (caller.retry === null ? resource.cache : undefined) ?? UNCACHED;
  // A shared cache knows no scopes.
  return { contents, ttlMs, cacheScope: (resource.scopes ?? []).length > 0 ? 'private' : cacheScope };
}

function described(name: string, resource: Resource) {
  const { description, mimeType, annotations } = resource;
  return {
    name,
    ...displayed(resource),
    ...(description === undefined ? {} : { description }),
    ...(mimeType === undefined ? {} : { mimeType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
