/** The functions that hand records to feeds. */
import host from 'deployed:host';

export const { records } = host;
