/** For the tests of publishing: an outlet on a scripted broker, or on a real one, and what sending is lent. */
import type { OutletContext } from '../../../src/declare/outlet.ts';
import { type Connect, type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { connectFromNode as nodeConnect } from '../../../src/hosts/node/socket.ts';
import type { MqttOptions } from '../../../src/feeds/mqtt/feed.ts';
import { mqttOutlet } from '../../../src/feeds/mqtt/outlet.ts';
import type { MqttRules } from '../../../src/feeds/mqtt/publish-rules.ts';
import { type ScriptedBroker, virtualClock } from './script.ts';

export function outletOf({ topics = {}, ...options }: Partial<MqttOptions>): MqttRules {
  return mqttOutlet({ url: 'mqtt://broker.example', clientId: 'feed', ...options }, topics);
}

/** With a clock that runs only while nothing else happens. */
export function scripted(broker: ScriptedBroker, more: Partial<Runtime> = {}, requestMs = 30_000): OutletContext {
  const clock = virtualClock();
  const runtime = { ...systemRuntime(() => {}), ...clock, connect: broker.connect, ...more };
  return {
    feed: 'plant',
    runtime,
    secret: () => null,
    signal: new AbortController().signal,
    deadline: clock.now() + requestMs,
  };
}

/** @param connect of the platform; default: that of Node */
export function real(connect: Connect = nodeConnect): OutletContext {
  const runtime = { ...systemRuntime(() => {}), connect };
  return {
    feed: 'plant',
    runtime,
    secret: () => null,
    signal: new AbortController().signal,
    deadline: Date.now() + 30_000,
  };
}

/**
 * Acts again and again until a listener has what it waits for: what is published before its subscription stands is
 * missed. Answers what it heard.
 */
export async function meanwhile<Heard>(listening: Promise<Heard>, act: () => Promise<unknown>): Promise<Heard> {
  const listener = { isDone: false };
  const heard = listening.finally(() => (listener.isDone = true));
  while (!listener.isDone) await act();
  return heard;
}
