/**
 * Serves an app, and again after each change. The new one is read while the old one serves: where it has a mistake the old one goes
 * on; where it is right the old one stops, which gives its feeds back, and the new one takes over its port and its store.
 */
import { asTidegateError } from '../../../../base/errors.ts';
import { explained } from '../../kit/explained.ts';
import { type AppChild, type ChildOptions, startChild } from './app-child.ts';
import { watchFiles } from './file-watch.ts';
import type { DevEvent, FromApp } from './messages.ts';

interface DevLoopOptions extends Pick<ChildOptions, 'file' | 'onOutput'> {
  /** Files that change what is served, beside those that the app imports. */
  beside: readonly string[];
  /** The variables that a process gets, read anew for each. @throws TidegateError for a file of variables that cannot be read */
  environment: () => NodeJS.ProcessEnv;
  tell: (event: DevEvent) => void;
}

interface DevLoop {
  /** Resolves with the exit status where nothing that changes in a file would mend what is wrong. */
  failed: Promise<number>;
  /** Ends what serves. */
  stop: () => Promise<void>;
  /** The same, at once. */
  kill: () => void;
}

/** Variables of which a mistake lies outside of the files: another process has the port. */
const OUTSIDE: readonly (string | null)[] = ['PORT', 'HOST'];
/** What is under way when a file changes is cut off soon, so that the change is there at once. */
const SHUTDOWN_MS = '500';

export function startDevLoop({ file, beside, environment, tell, onOutput }: DevLoopOptions): DevLoop {
  const failed = Promise.withResolvers<number>();
  /** Was told to serve. It holds port and feeds, so it is asked to stop. */
  let serving: AppChild | null = null;
  /** Reads the app. It holds nothing, and is killed when another change comes. */
  let coming: AppChild | null = null;
  let port: number | null = null;
  let isStopping = false;

  const watch = watchFiles((files) => {
    tell({ type: 'changed', files });
    begin();
  });
  watch.add([file, ...beside]);

  const mistake = (text: string, ends = false) => tell({ type: 'mistake', text, serving: serving !== null, ends });

  function variables(): NodeJS.ProcessEnv {
    const given = environment();
    const { PORT: asked } = given;
    return { SHUTDOWN_MS, ...given, ...(asked === '0' && port !== null ? { PORT: String(port) } : {}) };
  }

  function begin(): void {
    if (isStopping) return;
    coming?.kill();
    coming = null;
    try {
      const child = startChild({
        file,
        environment: variables(),
        onOutput,
        onMessage: (message) => heard(child, message),
      });
      coming = child;
      void child.ended.then((status) => left(child, status));
    } catch (thrown) {
      mistake(explained(asTidegateError(thrown)));
    }
  }

  /** Forgets a child. False: it was stopped or killed, or another one has its place already. */
  function forget(child: AppChild): boolean {
    const isCurrent = child === coming || child === serving;
    if (child === coming) coming = null;
    if (child === serving) serving = null;
    return isCurrent && !isStopping;
  }

  function left(child: AppChild, status: number | string): void {
    if (forget(child)) tell({ type: 'ended', status, serving: serving !== null });
  }

  function heard(child: AppChild, message: FromApp): void {
    if (message.kind === 'files') watch.add(message.files);
    else if (message.kind === 'happened') tell(message.happening);
    else if (message.kind === 'ready') void takeOver(child);
    else if (message.kind === 'serving') {
      tell({ type: 'serving', again: port !== null, ...message.app });
      ({ port } = message);
    } else if (forget(child)) {
      const ends = port === null && OUTSIDE.includes(message.field);
      mistake(message.text, ends);
      if (ends) failed.resolve(1);
    }
  }

  async function takeOver(child: AppChild): Promise<void> {
    // Another one may be told to serve while this one waits, and is stopped too.
    while (serving !== null) {
      const before = serving;
      serving = null;
      await before.stop();
    }
    // Another change may have come meanwhile.
    if (child !== coming || isStopping) return;
    [serving, coming] = [child, null];
    child.serve();
  }

  begin();
  return {
    failed: failed.promise,
    async stop() {
      isStopping = true;
      watch.close();
      const [one, other] = [serving, coming];
      other?.kill();
      await Promise.all([one?.stop(), other?.ended]);
    },
    kill() {
      coming?.kill();
      serving?.kill();
    },
  };
}
