/**
 * A WebSocket server and its history without a network, on the stage's clock: a test emits numbered readings, breaks
 * connections, holds them, or sends twice. It stands in for the platform's `openWebSocket` and `fetch`.
 */
import type { Fetch, OpenWebSocket, WebSocketListener } from '../../../src/base/runtime.ts';
import type { Stage } from '../run/stage.ts';

export interface Emitted {
  n: number;
  /** Epoch ms. */
  at: number;
}

export interface ScriptedSource {
  openWebSocket: OpenWebSocket;
  fetch: Fetch;
  /** Everything that ever happened, whoever listened. */
  emitted: Emitted[];
  /** The next reading happens, and whoever listens is told so many times. */
  emit(times?: number): Emitted;
  /** Tells whoever listens now. */
  tell(event: Emitted): void;
  /** Sends what is no reading. */
  say(text: string): void;
  /** Breaks all connections. */
  drop(code?: number, reason?: string): void;
  isOpen(): boolean;
  /** What clients said, newest last. */
  said: string[];
  opened: number;
  /** URLs that were fetched. */
  asked: string[];
  /** Status that the history answers. */
  historyStatus: number;
  /** Called when a client subscribes. */
  onSaid: ((text: string, tell: (text: string) => void) => void) | null;
  /** Called when a connection is open. */
  onOpen: (() => void) | null;
  hold: ((held: boolean) => void) | null;
}

const line = ({ n, at }: Emitted) => ({ id: `r${n}`, sensor: 'a', at, value: n });

export function scriptedSource(stage: { clock: Stage['clock'] }): ScriptedSource {
  const open = new Set<WebSocketListener>();
  const source: ScriptedSource = {
    emitted: [],
    said: [],
    asked: [],
    opened: 0,
    historyStatus: 200,
    onSaid: null,
    onOpen: null,
    hold: null,
    isOpen: () => open.size > 0,
    openWebSocket: async (_request, listener) => {
      source.opened += 1;
      open.add(listener);
      source.onOpen?.();
      const close = (code: number) => {
        if (!open.delete(listener)) return;
        listener.closed(code);
      };
      return {
        kind: 'open',
        socket: {
          send(text) {
            if (!open.has(listener)) throw new Error('closed');
            source.said.push(text);
            source.onSaid?.(text, (answer) => listener.message(answer));
          },
          close,
          destroy: () => close(1006),
          hold: source.hold,
        },
      };
    },
    fetch: async (input) => {
      const url = new URL(input instanceof Request ? input.url : input);
      source.asked.push(url.href);
      if (source.historyStatus !== 200) return new Response(null, { status: source.historyStatus });
      const [since, until] = ['since', 'until'].map((name) => Number(url.searchParams.get(name)));
      const values = source.emitted.filter(({ at }) => at >= (since ?? 0) && at <= (until ?? 0)).map(line);
      return Response.json({ values });
    },
    emit(times = 1) {
      const event = { n: source.emitted.length, at: stage.clock.now };
      source.emitted.push(event);
      for (let i = 0; i < times; i += 1) source.tell(event);
      return event;
    },
    tell(event) {
      for (const listener of open) listener.message(JSON.stringify(line(event)));
    },
    say(text) {
      for (const listener of open) listener.message(text);
    },
    drop(code = 1006, reason = '') {
      for (const listener of open) {
        open.delete(listener);
        listener.closed(code, reason);
      }
    },
  };
  return source;
}
