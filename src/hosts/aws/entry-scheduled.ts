/** The function that a schedule calls. */
import host from 'deployed:host';

export const { scheduled } = host;
