/** The mistakes in the declaration of an MQTT feed that concern several options at once, or its streams. Pure. */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { budgetSpec } from '../../declare/spec/feed.ts';
import { defaultOf } from '../../declare/spec/options.ts';
import { optionProblems } from '../../declare/spec/option-problems.ts';
import { isBroken } from '../../declare/spec/problems.ts';
import type { MqttOptions } from '../mqtt-session/options.ts';
import { routeOf } from '../mqtt-session/route.ts';
import { mqttSpec } from '../mqtt-session/spec.ts';
import { topicsProblems } from './topics-problems.ts';

export function mqttProblems(options: MqttOptions, targets: readonly FeedTarget[]): Problem[] {
  const problems = optionProblems(mqttSpec, options);
  const isRight = (...names: (keyof MqttOptions)[]) => names.every((name) => !isBroken(problems, name));
  if (isRight('url', 'tls', 'qos', 'clientId')) problems.push(...connectionProblems(options, targets));
  if (isRight('budget', 'brokerQueueLimit')) problems.push(...queueProblems(options));
  if (isRight('topic')) problems.push(...targetProblems(options, targets));
  if (isRight('payload', 'items')) problems.push(...itemsProblems(options, targets));
  problems.push(...topicsProblems(options, targets, problems));
  return problems;
}

function connectionProblems(options: MqttOptions, targets: readonly FeedTarget[]): Problem[] {
  const { url, clientId, qos = 1, tls } = options;
  const problems: Problem[] = [];
  if (clientId === undefined && qos !== 0 && targets.length > 0) {
    const expected =
      'a name that no other client of the broker has, 1 to 256 bytes, because the broker keeps the session under it';
    problems.push({ path: 'clientId', expected });
  }
  if (options.password !== undefined && options.username === undefined) {
    problems.push({ path: 'username', expected: 'a name beside the password' });
  }
  if (tls && typeof url === 'string' && !url.startsWith('mqtts:')) {
    const expected = 'a URL that begins with mqtts://; the platform alone decides whom wss:// trusts';
    problems.push({ path: 'tls', expected });
  }
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    problems.push({ path: 'tls', expected: 'cert and key together' });
  }
  return problems;
}

function queueProblems({ brokerQueueLimit = 'none', budget }: MqttOptions): Problem[] {
  if (brokerQueueLimit === 'none') return [];
  const events = budget?.events ?? defaultOf(budgetSpec.shape.events);
  if (brokerQueueLimit <= events) return [];
  const expected = 'at least brokerQueueLimit, else it is never seen to be full';
  return [{ path: 'budget.events', expected, found: String(events) }];
}

/** Only JSON has a place where items can be. */
function itemsProblems({ payload = 'json', items }: MqttOptions, targets: readonly FeedTarget[]): Problem[] {
  return [
    ...itemsMistake('items', payload, items),
    ...targets.flatMap((target) => {
      const own = routeOf(target);
      return itemsMistake(`streams.${target.stream}.items`, own.payload ?? payload, own.items);
    }),
  ];
}

function itemsMistake(path: string, form: string, found: string | undefined): Problem[] {
  if (found === undefined || form === 'json') return [];
  return [{ path, expected: `no path, because a payload of ${form} is one item`, found }];
}

function targetProblems(options: MqttOptions, targets: readonly FeedTarget[]): Problem[] {
  return targets.flatMap((target): Problem[] => {
    const { topic, keyLevel: level } = routeOf(target);
    const filter = topic ?? options.topic;
    if (filter === undefined) return [{ path: 'topic', expected: 'a topic filter, here or in the stream' }];
    if (level === undefined || filter.endsWith('#') || level < filter.split('/').length) return [];
    const expected = `a level of ${filter}, counted from 0`;
    return [{ path: `streams.${target.stream}.keyLevel`, expected, found: String(level) }];
  });
}
