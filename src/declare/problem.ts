/** A mistake in a declaration, as it is collected and told. */
export interface Problem {
  /** Path below the declaration, e.g. `url`. */
  path: string;
  expected: string;
  found?: string;
}
