/** A call in the flat form that tools show: tests of fields as a list, keys of a condition as `keys` or `keyLike`. Pure. */
import type { Call } from './question.ts';

type Arguments = Record<string, unknown>;

export function flat({ tool, arguments: args }: Call): Call {
  const { where, condition, ...rest } = args;
  return {
    tool,
    arguments: {
      ...rest,
      ...(where === undefined ? {} : { where: listOf(where as Arguments) }),
      ...(condition === undefined ? {} : { condition: flatCondition(condition as Arguments) }),
    },
  };
}

function listOf(where: Arguments): Arguments[] {
  return Object.entries(where).map(([field, tests]) =>
    typeof tests === 'object' && tests !== null ? { field, ...tests } : { field, equals: tests },
  );
}

function flatCondition({ key, where, ...rest }: Arguments): Arguments {
  const { oneOf, like } = (typeof key === 'object' ? (key ?? {}) : {}) as { oneOf?: unknown; like?: unknown };
  return {
    ...rest,
    ...(typeof key === 'string' ? { key } : {}),
    ...(oneOf === undefined ? {} : { keys: oneOf }),
    ...(like === undefined ? {} : { keyLike: like }),
    ...(where === undefined ? {} : { where: listOf(where as Arguments) }),
  };
}
