/**
 * Runs the functions of a declaration. An error that they throw is not the server's fault: the log shows it without
 * secrets, and the model reads what it can act on. A `TidegateError` is meant for the caller, and passes as it is.
 */
import { TidegateError } from '../base/errors.ts';
import { describeShape } from '../base/json-path.ts';
import type { Call } from './call.ts';
import { type Failed, unexpected } from './failure.ts';

type Running = Pick<Call, 'tool' | 'settings' | 'secrets' | 'runtime'>;

/** @param body what the function was given, and which it was not written for where it fails */
export function ofAnswer<Made>(
  call: Running,
  name: string,
  body: unknown,
  make: () => Made,
): { ok: true; value: Made } | Failed {
  try {
    return { ok: true, value: make() };
  } catch (thrown) {
    logFailure(call, name, thrown);
    return unexpected(call.settings, describeShape(body), call.secrets);
  }
}

/** @throws TidegateError `invalid_input` where the function fails with the arguments */
export function ofArguments<Made>(call: Running, name: string, make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    logFailure(call, name, thrown);
    throw new TidegateError('invalid_input', `The tool ${call.tool} can make no request of these arguments`, {
      field: 'arguments',
      expected: 'arguments that go together, as the tool describes them',
    });
  }
}

function logFailure({ runtime, tool, secrets }: Running, name: string, thrown: unknown): void {
  if (thrown instanceof TidegateError) throw thrown;
  const reason = secrets.redact(thrown instanceof Error ? thrown.message : String(thrown));
  runtime.log('warn', `${name} of the tool ${tool} failed`, { tool, told: reason });
}
