/** The actions, in the order in which lists show them. */
import type { OperatorAction } from '../action.ts';
import { feedsList } from '../feeds/list.ts';
import { streamsList } from '../streams/list.ts';

export const ACTIONS: readonly OperatorAction[] = [feedsList, streamsList];
