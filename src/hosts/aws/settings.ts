/** What the deployment of an app may be told. Each setting has a default but the app and who may call. */
import type { App } from '../../declare/app.ts';
import type { BundleChoices } from './bundle.ts';
import type { Source } from './sources.ts';

/** Who reaches the URLs: everyone, or who may by IAM and signs. */
export type Access = 'open' | 'iam';

/** What `AUTH` says; `own`: the host of `hostFile` brings an `authenticate`. */
export type AuthSetting = 'none' | 'keys' | 'oauth' | 'keys,oauth' | 'own';

export interface TidegateSettings {
  /**
   * Who may call: `keys`, `oauth`, `keys,oauth`, or `none` to say that everyone may. `own`: the host of `hostFile` has an
   * `authenticate`.
   * @default an error, unless `access` is `iam` or `environment` has `AUTH`
   */
  auth?: AuthSetting;
  /**
   * `iam`: AWS admits who may call, and they sign. No MCP client signs by itself.
   * @default open
   */
  access?: Access;
  /**
   * A deployment beside others of the same app, such as `prod`: with a stack, a table, secrets and metrics of its own.
   * @default one deployment, without a stage
   */
  stage?: string;
  /**
   * `delete`: the table goes with the stack, if it was last deployed so.
   * @default keep
   */
  data?: 'keep' | 'delete';
  /**
   * Variables of the functions. They stand in the template: no place for secrets.
   * @default {}
   */
  environment?: Readonly<Record<string, string>>;
  /**
   * Tags of everything that can have some.
   * @default {}
   */
  tags?: Readonly<Record<string, string>>;
  /**
   * Names of the app's optional secrets that are in Secrets Manager, and of `TIDEGATE_KEY`, `OAUTH_CLIENT_SECRET` and `METRICS_TOKEN`.
   * @default []
   */
  optionalSecrets?: readonly string[];
  /**
   * The next number makes the functions take over secrets that were changed in Secrets Manager.
   * @default 1
   */
  secretsRevision?: number;
  /**
   * The next number makes a new secret to seal with. What the last one sealed still opens.
   * @default 1
   */
  secret?: number;
  /**
   * Longest time of a streamed request. The HTTP API answers after 29 s at the latest.
   * @default 30 s
   */
  requestSeconds?: number;
  /**
   * Memory of each function, and with it its share of a processor.
   * @default 512 MiB
   */
  memoryMb?: number;
  /**
   * Most calls at once of each of the two functions that answer. AWS keeps 100 calls of an account unreserved.
   * @default as many as the account has
   */
  concurrency?: number;
  /**
   * From which age of a feed's newest event its alarm goes off, minutes.
   * @default 60
   */
  feedLagMinutes?: number;
  /**
   * The SNS topic that alarms notify.
   * @default none: alarms show in the console alone
   */
  alarmTopicArn?: string;
  /**
   * Whether there is a page of CloudWatch for it. An account has three for nothing.
   * @default true
   */
  dashboard?: boolean;
  /**
   * Whose key encrypts the table: DynamoDB's own, or with `managed` the account's, whose use is in CloudTrail and costs.
   * @default owned
   */
  encryption?: 'owned' | 'managed';
  /**
   * Most read request units a second of the table, and of its index.
   * @default as many as come
   */
  maxReadUnits?: number;
  /**
   * Most write request units a second of the table, and of its index.
   * @default as many as come
   */
  maxWriteUnits?: number;
  /**
   * Days after which lines of the logs go.
   * @default 30 days
   */
  logDays?: LogDays;
}

export const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365] as const;
export type LogDays = (typeof LOG_DAYS)[number];

/** What a program says and a command line cannot. */
export interface TidegateProps extends TidegateSettings {
  /** The app, as `defineApp` answers it. What is deployed is worked out from it. */
  app: App;
  /**
   * The module whose default export the app is. Of `appFile`, `hostFile` and `code` one is needed.
   * @default none
   */
  appFile?: string | URL;
  /**
   * A module of your own in its place, with `export default createLambdaHost(app, process.env, { authenticate, … })`.
   * @default none
   */
  hostFile?: string | URL;
  /**
   * A folder with the functions' code, made before.
   * @default made of `appFile` or `hostFile`
   */
  code?: string;
  /**
   * What esbuild needs for this app beside what it has: `external`, `define`, `loader`, `minify`, `sourcemap`, `tsconfig`.
   * @default {}
   */
  bundle?: BundleChoices;
  /**
   * Where feeds are handed their records from, by the feed's name: `{ quotes: { kinesis: 'arn:…' } }`.
   * @default {}
   */
  sources?: Readonly<Record<string, Source>>;
}
