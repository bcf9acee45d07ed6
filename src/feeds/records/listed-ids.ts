/**
 * Knows the events of one batch by their ids, so that two items which a source lists under one id are told from one item that
 * it lists twice. Without it the second of them would be taken for a repetition, and be lost without a word. Pure.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { nameOf } from '../../streams/log/removals.ts';

interface ListedIds {
  /** Call it where another batch begins. */
  begin(): void;
  /**
   * Whether another item of the batch that was not the same has the name (id and revision) of this event. What is new is remembered.
   * @param stream or, where events name their tenants, the name of the place
   * @param depth as `Appender.depthOf` says
   */
  isShared(stream: string, event: LoggedEvent, depth: number | null): boolean;
}

const keyOf = (stream: string, event: LoggedEvent) => `${stream}\u0000${nameOf(event)}`;

export function createListedIds(): ListedIds {
  const listed = new Map<string, LoggedEvent>();

  return {
    begin: () => listed.clear(),
    isShared(stream, event, depth) {
      if (depth === null) listed.set(keyOf(stream, event), event);
      if (depth !== 0) return false;
      const first = listed.get(keyOf(stream, event));
      return first !== undefined && JSON.stringify(first.data) !== JSON.stringify(event.data);
    },
  };
}
