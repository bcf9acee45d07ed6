/** What a caller has to have to use a declared thing. This file holds types alone. */

export interface Scoped {
  /**
   * Scopes that a caller needs, all of them, such as `orders:write`. A caller that lacks one does not see it in lists.
   * A scope grants those below it: `orders` grants `orders:write`. Default: none.
   */
  scopes?: readonly string[];
}
