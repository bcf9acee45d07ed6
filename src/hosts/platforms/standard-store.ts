/** The store that each platform takes where `STORE` is not set. Data alone, because a Worker would carry every driver that this file names. */
export const STANDARD_STORE = { node: 'sqlite', workers: 'redis', lambda: 'dynamodb' } as const;
