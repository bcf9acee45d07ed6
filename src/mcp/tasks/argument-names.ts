/**
 * Errors of the tasks room name its own parameters. Here they get the names that the caller wrote, for methods and for
 * tools.
 */
import { asTidegateError, TidegateError } from '../../base/errors.ts';

/** By the name below: the name that stands first in a field's path. */
export const IN_TOOLS = { taskId: 'task', inputResponses: 'answers' };
export const IN_METHODS = { taskId: 'params.taskId', inputResponses: 'params.inputResponses' };

export async function naming<Result>(
  names: Readonly<Record<string, string>>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    const error = asTidegateError(thrown);
    const [first = ''] = error.field?.split('.') ?? [];
    const name = Object.hasOwn(names, first) ? names[first] : undefined;
    if (name === undefined) throw error;
    const { code, message, field, expected, hint } = error;
    throw new TidegateError(code, message.replace(`${first}.`, `${name}.`), {
      field: field?.replace(first, name) ?? name,
      ...(expected === null ? {} : { expected }),
      ...(hint === null ? {} : { hint }),
    });
  }
}
