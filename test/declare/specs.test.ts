/**
 * Each specification is equal to the type that editors show, in both directions: an option, a choice or a type that
 * stands in one alone does not compile. What is compared is what an app may give (`z.input`).
 */
import { expect, expectTypeOf, test } from 'vitest';
import type * as z from 'zod';
import type { AppOptions } from '../../src/declare/app.ts';
import type { FeedPacing } from '../../src/declare/feed.ts';
import type { Api, HttpDefaults } from '../../src/declare/http-api.ts';
import type { HttpPaging, HttpSpec } from '../../src/declare/http-tool.ts';
import type { Prompt } from '../../src/declare/prompt.ts';
import type { Resource } from '../../src/declare/resource.ts';
import type { ErasedStreamOptions } from '../../src/declare/stream.ts';
import type { Task } from '../../src/declare/task.ts';
import type { Tool } from '../../src/declare/tool.ts';
import type { appSpec } from '../../src/declare/spec/app.ts';
import { FEED_KINDS, pacingSpec } from '../../src/declare/spec/feed.ts';
import type { apiSpec, httpDefaultsSpec, httpToolSpec, pagingSpec } from '../../src/declare/spec/http-tool.ts';
import { withDefaults } from '../../src/declare/spec/options.ts';
import type { promptSpec } from '../../src/declare/spec/prompt.ts';
import type { resourceSpec } from '../../src/declare/spec/resource.ts';
import type { streamSpec } from '../../src/declare/spec/stream.ts';
import type { taskSpec } from '../../src/declare/spec/task.ts';
import type { toolSpec } from '../../src/declare/spec/tool.ts';
import type { triggerSpec } from '../../src/declare/spec/trigger.ts';
import type { Trigger } from '../../src/declare/trigger.ts';
import type { MqttOptions, MqttRoute } from '../../src/feeds/mqtt-session/options.ts';
import type { mqttRouteSpec, mqttSpec } from '../../src/feeds/mqtt-session/spec.ts';
import type { SourceOptions } from '../../src/feeds/aws/options.ts';
import type { sourceSpec } from '../../src/feeds/aws/spec.ts';
import type { PullOptions, pullSpec } from '../../src/feeds/kit/pull.ts';
import * as tidegate from '../../src/index.ts';

test('specifications and types are equal', () => {
  expectTypeOf<z.input<typeof appSpec>>().toEqualTypeOf<AppOptions>();
  expectTypeOf<z.input<typeof pacingSpec>>().toEqualTypeOf<FeedPacing>();
  expectTypeOf<z.input<typeof promptSpec>>().toEqualTypeOf<Prompt>();
  expectTypeOf<z.input<typeof resourceSpec>>().toEqualTypeOf<Resource>();
  expectTypeOf<z.input<typeof streamSpec>>().toEqualTypeOf<ErasedStreamOptions>();
  expectTypeOf<z.input<typeof taskSpec>>().toEqualTypeOf<Task>();
  expectTypeOf<z.input<typeof toolSpec>>().toEqualTypeOf<Tool>();
  expectTypeOf<keyof z.input<typeof triggerSpec>>().toEqualTypeOf<keyof Trigger>();
  expectTypeOf<z.input<typeof mqttSpec>>().toEqualTypeOf<MqttOptions>();
  expectTypeOf<z.input<typeof mqttRouteSpec>>().toEqualTypeOf<MqttRoute>();
  expectTypeOf<z.input<typeof pullSpec>>().toEqualTypeOf<PullOptions>();
  expectTypeOf<z.input<typeof sourceSpec>>().toEqualTypeOf<SourceOptions>();
});

test('specifications and types of HTTP tools are equal', () => {
  expectTypeOf<z.input<typeof httpDefaultsSpec>>().toEqualTypeOf<HttpDefaults>();
  expectTypeOf<z.input<typeof apiSpec>>().toEqualTypeOf<Api>();
  expectTypeOf<z.input<typeof httpToolSpec>>().toEqualTypeOf<Pick<HttpSpec, keyof HttpSpec>>();
  type Paging = z.input<typeof pagingSpec>;
  expectTypeOf<Paging>().toExtend<HttpPaging>();
  expectTypeOf<HttpPaging>().toExtend<Paging>();
  expectTypeOf<NamesOf<Paging>>().toEqualTypeOf<NamesOf<HttpPaging>>();
});

/** The names that any form of a union has. */
type NamesOf<Union> = Union extends unknown ? keyof Union : never;

test('what has a default need not be given, and what is given stays', () => {
  const settings = withDefaults(pacingSpec, { everyMs: 5 });
  expectTypeOf(settings.overflow).toEqualTypeOf<'dead-letter' | 'drop-oldest' | 'drop-newest'>();
  expect(settings).toMatchObject({ everyMs: 5, overflow: 'dead-letter', sample: undefined });
});

test('messages name every kind of feed that the package makes', () => {
  const options = { url: 'https://example.org', clientId: 'c', pull: () => Promise.resolve({}) };
  const made = Object.entries(tidegate).filter(([name, make]) => {
    if (typeof make !== 'function' || !/^[a-z]/.test(name)) return false;
    try {
      return (make as (given: object) => { kind?: string })(options).kind === 'feed';
    } catch {
      return false;
    }
  });
  expect(made.map(([name]) => name).toSorted()).toEqual([...FEED_KINDS].toSorted());
});
