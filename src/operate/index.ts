/** The actions, in the order in which lists show them. */
import type { OperatorAction } from './action.ts';

export const ACTIONS: readonly OperatorAction[] = [];
