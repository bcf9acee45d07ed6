/** Variables of ours that are secrets, wherever an app is deployed. Each is put as those of the app are, where it is used. Pure. */

/** By which callers and operators are known. */
export const OPTIONAL_SECRETS = ['TIDEGATE_KEY', 'OAUTH_CLIENT_SECRET', 'METRICS_TOKEN'] as const;
