/** The file `app.ts` of a new app: one stream of each kind that was asked for, and a tool over the first of them. Pure. */
import { APP_KINDS, FEED_PARTS, type AppKind, type FeedPart } from './feeds.ts';

export interface NewApp {
  /** Of the package: what npm takes. */
  name: string;
  /** Of the app: the package's name without its scope, as `defineApp` takes it. */
  appName: string;
  /** In the order of `APP_KINDS`, at least one. */
  kinds: readonly AppKind[];
  /** A name that nobody else has, for what is shared with others, such as topics of a public broker. */
  topic: string;
}

/** The parts of an app's kinds, in the order in which files have them. */
export function feedPartsOf({ kinds }: Pick<NewApp, 'kinds'>): FeedPart[] {
  return APP_KINDS.filter((kind) => kinds.includes(kind)).map((kind) => FEED_PARTS[kind]);
}

export function appFile(app: NewApp): string {
  const parts = feedPartsOf(app);
  const [{ tool } = FEED_PARTS.push] = parts;
  const imported = [...new Set(['defineApp', 'stream', 'tool', ...parts.flatMap(({ imports }) => imports)])].toSorted();
  const feeds = parts.flatMap((part) => part.feeds ?? []);
  const text = [
    `import { ${imported.join(', ')} } from 'tidegate';\nimport * as z from 'zod';\n`,
    ...parts.map(({ declared }) => declared),
    tool.declared,
    [
      'export default defineApp({',
      `  name: '${app.appName}',`,
      "  version: '1.0.0',",
      `  description: '${subjectsOf(app)}',`,
      ...(feeds.length > 0 ? [`  feeds: { ${feeds.join(', ')} },`] : []),
      `  streams: { ${parts.map(({ stream }) => stream).join(', ')} },`,
      `  tools: { ${tool.name} },`,
      '});\n',
    ].join('\n'),
  ].join('\n');
  return text.replaceAll('<topic>', app.topic);
}

/** As a sentence begins: `Rooms, earthquakes and prices`. */
export function subjectsOf(app: Pick<NewApp, 'kinds'>): string {
  const subjects = feedPartsOf(app).map(({ subject }) => subject);
  const last = subjects.at(-1) ?? '';
  const text = subjects.length > 1 ? `${subjects.slice(0, -1).join(', ')} and ${last}` : last;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
