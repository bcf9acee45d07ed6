/**
 * Counts the calls of WebCrypto that are under way. They run beside this thread, so the event loop stands still meanwhile as it does
 * where everything sleeps, and on a busy machine for longer than any wait of the runs allows for.
 */
const METHODS = ['encrypt', 'decrypt', 'sign', 'verify', 'digest', 'deriveBits', 'importKey', 'generateKey'] as const;

type Method = (...args: unknown[]) => Promise<unknown>;

let underWay = 0;
let isCounting = false;

/** Counts from now on, in the whole process. @returns tells how many are under way */
export function countWorkBeside(): () => number {
  if (!isCounting) wrap(Object.getPrototypeOf(crypto.subtle) as Record<string, Method>);
  isCounting = true;
  return () => underWay;
}

function wrap(methods: Record<string, Method>): void {
  for (const name of METHODS) {
    const method = methods[name];
    if (method === undefined) continue;
    methods[name] = function counted(...args) {
      underWay += 1;
      return method.apply(this, args).finally(() => (underWay -= 1));
    };
  }
}
