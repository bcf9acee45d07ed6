/**
 * An error that a client is sent with its own code and words. It is not the SDK's class of that name, so that what answers without
 * the SDK does not load it; the SDK sends whatever is thrown with a `code`.
 */
import type { JsonObject } from '../../base/json.ts';

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: number;
  readonly data: JsonObject | undefined;

  constructor(code: number, message: string, data?: JsonObject) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Of this class, or the SDK's, which an extension may throw. */
export function isProtocolError(thrown: unknown): thrown is ProtocolError {
  if (thrown instanceof ProtocolError) return true;
  return thrown instanceof Error && isBranded(thrown) && Number.isSafeInteger((thrown as Partial<ProtocolError>).code);
}

/** The SDK tells its classes by a name that each of them has, since a process may load them twice. */
function isBranded({ constructor }: Error): boolean {
  for (let of: unknown = constructor; typeof of === 'function'; of = Object.getPrototypeOf(of)) {
    if ('mcpBrand' in of && of.mcpBrand === 'mcp.ProtocolError') return true;
  }
  return false;
}
