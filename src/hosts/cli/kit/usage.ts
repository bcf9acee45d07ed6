/** What the command line takes, as it says itself. It loads nothing. */
/** First words of actions of operators (`src/operate`), which say themselves what they take. */
export const OPERATE_NOUNS = [
  'feeds',
  'streams',
  'dead',
  'subscriptions',
  'stats',
  'backup',
  'restore',
  'resume',
  'migrate',
  'tenants',
] as const;
export const COMMANDS = [
  'init',
  'dev',
  'start',
  'stdio',
  'tasks',
  'keys',
  'triggers',
  'deploy',
  'destroy',
  'doctor',
  ...OPERATE_NOUNS,
] as const;
export const TRIGGER_COMMANDS = ['try', 'list'] as const;
export const KEY_COMMANDS = ['create', 'list', 'revoke'] as const;
export const TASK_COMMANDS = ['list', 'show', 'answer', 'cancel', 'retry'] as const;

/** Every variable of the environment that is read, in the order in which they are told. */
export const VARIABLES = [
  'PORT',
  'HOST',
  'PUBLIC_URL',
  'ALLOWED_ORIGINS',
  'KEEP_ALIVE_SECONDS',
  'SHUTDOWN_MS',
  'TRUSTED_PROXIES',
  'CONNECTIONS',
  'BODY_SECONDS',
  'BODIES_MIB',
  'WORK_MIB',
  'WAITS',
  'ANSWERS_MIB',
  'ANSWER_SECONDS',
  'STORE',
  'SQLITE_PATH',
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'DYNAMODB_TABLE',
  'AWS_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'MQTT_URL',
  'FEED_REQUESTS_PER_DAY',
  'TASKS_QUEUE_URL',
  'AUTH',
  'TIDEGATE_KEY',
  'OAUTH_ISSUER',
  'OAUTH_AUDIENCE',
  'OAUTH_TENANT_CLAIM',
  'OAUTH_SUBJECT_CLAIM',
  'OAUTH_SCOPE_PREFIX',
  'OAUTH_DEFAULT_SCOPES',
  'OAUTH_INTROSPECTION_URL',
  'OAUTH_CLIENT_ID',
  'OAUTH_CLIENT_SECRET',
  'TIDEGATE_SECRET',
  'TIDEGATE_SECRET_PREVIOUS',
  'LOG_LEVEL',
  'LOG_REQUESTS',
  'METRICS_TOKEN',
  'DEMO',
];

const INIT_USAGE = `  tidegate init [FOLDER]         make a new app, which runs at once

  --feed      of push, http, mqtt, websocket, with commas between them; default http,push
  --name      of the package; default that of the folder
  --yes       ask nothing, as in CI. --no-install   write files alone. --force   overwrite files`;

const DEV_USAGE = `  tidegate dev [--app FILE] [--json]   serve an app, and again after each change of its files, until Ctrl-C

  --json   a line of JSON for each thing that happens`;

const TASKS_USAGE = `  tidegate tasks list [--status STATUS] [--limit N] [--json]
  tidegate tasks show ID [--watch] [--json]
  tidegate tasks answer ID KEY=JSON ...   answer what it asks, such as who='{"name":"Ada"}', or KEY=decline
  tidegate tasks cancel ID
  tidegate tasks retry ID        begin a failed task again, with what had succeeded kept

  --subject NAME   whose tasks; default public. --tenant NAME   default public`;

const KEYS_USAGE = `  tidegate keys create --name NAME [--scope SCOPE ...] [--tenant NAME] [--expires 90d] [--yes]
  tidegate keys list [--json]
  tidegate keys revoke ID [--yes]     asks first; where nobody could answer it needs --yes

  --name      the caller; keys of one name are one caller. --tenant   default public
  --scope     such as streams:read:quakes or streams:publish; default streams:read and tasks
  --expires   12h, 30d, a date, or never; default 90d`;

const TRIGGERS_USAGE = `  tidegate triggers try NAME --from -7d [--to TIME] [--json]   when it would have fired; changes nothing
  tidegate triggers list [--json]

  --tenant NAME   whose streams; default public`;

const DOCTOR_USAGE = `  tidegate doctor [--platform node|workers|lambda] [--skip store|feeds|auth] [--json]

  says what is wrong with the configuration, the store and each feed, and what to do; changes nothing`;

const DEPLOY_USAGE = `  tidegate deploy cloudflare [--env NAME] [--dry-run] [--fix]   with the wrangler of this folder; --fix adds missing settings
  tidegate deploy aws [--stage NAME] [--dry-run]                with the CDK of this folder
  tidegate destroy cloudflare [--env NAME] [--dry-run]          data stay
  tidegate destroy aws [--stage NAME] [--dry-run]

  --app FILE   default app.ts, or src/app.ts. --yes   without a question. --json   the plan; with --yes it is done
  --no-queue   of deploy cloudflare: tasks and deliveries wait for the schedule`;

const SERVE_USAGE = `  tidegate start [--app FILE]   serve MCP over HTTP and run the feeds, until Ctrl-C
  tidegate stdio [--app FILE]   serve MCP over standard input and output`;

/** What a wrong call is shown of all this: how the command is called that it was. */
export function usageOf(command: string | undefined): string {
  const usages: Record<string, string> = {
    init: INIT_USAGE,
    dev: DEV_USAGE,
    tasks: TASKS_USAGE,
    keys: KEYS_USAGE,
    triggers: TRIGGERS_USAGE,
    doctor: DOCTOR_USAGE,
    deploy: DEPLOY_USAGE,
    destroy: DEPLOY_USAGE,
  };
  const usage = usages[command ?? ''] ?? SERVE_USAGE;
  return `${usage}\n\ntidegate --help says what else there is.`;
}

/** All of it. @param actions the usage of the actions of operators */
export const fullUsage = (actions: string): string => `tidegate: live data for agents over stateless MCP

${INIT_USAGE}

${DEV_USAGE}

${SERVE_USAGE}

${TASKS_USAGE}

${KEYS_USAGE}

${TRIGGERS_USAGE}

${DEPLOY_USAGE}

${DOCTOR_USAGE}

${actions}

  --app FILE      module whose default export is an app (defineApp); default: app.ts of
                  this folder, or src/app.ts; where there is none, start, stdio and doctor take the
                  built-in demo, and what works on a store does nothing
  --env-file FILE variables of the environment, which itself wins; default: .env of this folder, where there is one
  -h, --help      this text
  -v, --version   the version

Everything else is a variable of the environment, such as PORT=8871 tidegate start:
${VARIABLES.join(', ').replaceAll(/(.{90,125},) /g, '$1\n')}.
The README says what each does.`;
