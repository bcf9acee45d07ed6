/** Which functions of steps a turn has called. */
export interface StepCalls {
  /** Whether a step was run in this turn. */
  hasBegun(): boolean;
  /** A step is run. */
  begin(): void;
  /** Whether the function of a step is being called. It is known only until the function awaits for the first time. */
  isInside(): boolean;
  /** Calls the function of a step. */
  call<Result>(run: () => Result): Result;
}

export function createStepCalls(): StepCalls {
  let begun = false;
  let inside = false;
  return {
    hasBegun: () => begun,
    begin() {
      begun = true;
    },
    isInside: () => inside,
    call(run) {
      inside = true;
      try {
        return run();
      } finally {
        inside = false;
      }
    },
  };
}
