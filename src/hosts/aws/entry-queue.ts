/** The function that the queue calls. */
import host from 'deployed:host';

export const { queue } = host;
