/**
 * The SDK's server for one exchange. When an exchange ends the SDK makes an error for whatever is still under way. Mostly
 * nothing is, since the answer was sent; then the stack of that error, which costs a tenth of a small request, is not collected.
 */
import { Server } from '@modelcontextprotocol/server';

export class ExchangeServer extends Server {
  /** Requests that have no answer yet. */
  atWork = 0;

  // oxlint-disable no-underscore-dangle -- the SDK's name of what a subclass may do at the end
  protected override _onclose(): void {
    if (this.atWork > 0) return super._onclose();
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    try {
      super._onclose();
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }
}
