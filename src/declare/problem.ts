/** A mistake in a declaration. Checks collect mistakes and report them together. */
export interface Problem {
  /** Path below the declaration, e.g. `url`. */
  path: string;
  expected: string;
  found?: string;
}
