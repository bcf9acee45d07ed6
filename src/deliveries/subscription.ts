/** What is subscribed to, for who serves it. */
export type * from './records/subscription.ts';
