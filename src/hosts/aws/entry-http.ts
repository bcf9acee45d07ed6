/** The functions that answer HTTP: `stream` behind a function URL, `buffered` behind an HTTP API. */
import host from 'deployed:host';
import { streamed } from '../lambda/platform.ts';

export const stream = streamed(host.stream);
export const { buffered } = host;
