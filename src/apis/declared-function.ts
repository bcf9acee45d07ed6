/**
 * Runs the functions of a declaration. What they throw is no fault of the server's: the log tells it, without secrets,
 * and the model is told what it can act on. A `TidegateError` is meant for whoever calls, and goes on as it is.
 */
import { TidegateError } from '../base/errors.ts';
import { describeShape } from '../base/json-path.ts';
import type { Call } from './call-of-tool.ts';
import { type Failed, unexpected } from './failure.ts';

type Told = Pick<Call, 'tool' | 'settings' | 'secrets' | 'runtime'>;

/** @param body what it was given: it was written for another */
export function ofAnswer<Made>(
  call: Told,
  name: string,
  body: unknown,
  make: () => Made,
): { ok: true; value: Made } | Failed {
  try {
    return { ok: true, value: make() };
  } catch (thrown) {
    tell(call, name, thrown);
    return unexpected(call.settings, describeShape(body), call.secrets);
  }
}

/** @throws TidegateError `invalid_input` where it has no use for the arguments */
export function ofArguments<Made>(call: Told, name: string, make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    tell(call, name, thrown);
    throw new TidegateError('invalid_input', `The tool ${call.tool} can make no request of these arguments`, {
      field: 'arguments',
      expected: 'arguments that go together, as the tool describes them',
    });
  }
}

function tell({ runtime, tool, secrets }: Told, name: string, thrown: unknown): void {
  if (thrown instanceof TidegateError) throw thrown;
  const told = secrets.redact(thrown instanceof Error ? thrown.message : String(thrown));
  runtime.log('warn', `${name} of the tool ${tool} failed`, { tool, told });
}
