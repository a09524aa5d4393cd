/**
 * Every environment variable that the programs read, with its form, its default and what it is for. `docs/settings.md` is generated from this table (`npm run docs:settings`), so a setting that is not described here cannot be read.
 */
import { z } from 'zod';
import { API_KEY_MIN_LENGTH } from '../identity/index.ts';
import { parseSignerRef, SIGNER_FORMS } from '../keys/index.ts';
import { WEBHOOK_TARGETS } from '../notify/webhook-target.ts';

/** Digits only: `z.coerce` alone would take `0x10`, `1e3` and blanks. */
const whole = (min: number, max: number, error: string) =>
  z
    .string()
    .regex(/^\d{1,9}$/, error)
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
const port = (min: 0 | 1) => whole(min, 65_535, `is a whole number from ${min} to 65535`);
const url = (protocols: RegExp, example: string) =>
  z.url({ protocol: protocols, error: `is a URL such as ${example}` });
const text = z.string().min(1);
const guid = z.guid('is a GUID, such as 72f988bf-86f1-41af-91ab-2d7cd011db47').toLowerCase();

/** Scheme, host and port as a browser writes them in `Origin`: compared exactly. */
const isOrigin = (value: string): boolean =>
  URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value;

/** Where a key is. `{tenant}` stands for the tenant's name. */
const signer = text
  .refine((value) => isSigner(value.replaceAll('{tenant}', 'default')), `is ${SIGNER_FORMS}`)
  .default('file');

function isSigner(value: string): boolean {
  try {
    parseSignerRef(value);
    return true;
  } catch {
    return false;
  }
}

const SERVING = {
  COUNTERSIGN_PORT: port(0)
    .default(8787)
    .describe('Port of the API, the console and Slack’s requests; 0 is any free one.'),
  COUNTERSIGN_HOST: text
    .default('127.0.0.1')
    .describe('Address to listen at. Anything but loopback serves others than this machine.'),
  COUNTERSIGN_URL: url(/^https?$/, 'http://127.0.0.1:8787')
    .optional()
    .describe(
      'Where others reach this deployment, when that is not where it listens. For clients and the command line: which one to ask.',
    ),
  COUNTERSIGN_ORIGIN: url(/^https?$/, 'https://countersign.example.com')
    .optional()
    .describe(
      'Where people open the console: passkeys are made for it, and count nowhere else. Default: that of `COUNTERSIGN_URL`.',
    ),
  COUNTERSIGN_API_KEY: z
    .string()
    .min(
      API_KEY_MIN_LENGTH,
      `has at least ${API_KEY_MIN_LENGTH} characters; set a longer random one, or unset it to have one made`,
    )
    .regex(/^\S*$/, 'has no space in it')
    .optional()
    .describe(
      'Becomes the first API key at the first start; one is made when left out. For clients and the command line: the key to ask with.',
    ),
  COUNTERSIGN_ISSUER: text.default('countersign').describe('`iss` of permits.'),
  COUNTERSIGN_LOG: z
    .enum(['private', 'public'], 'is private or public')
    .default('private')
    .describe('Who may read the entries of the log: those with a credential for it, or everybody.'),
  COUNTERSIGN_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'is one of trace, debug, info, warn, error, silent')
    .default('warn')
    .describe('How much is said on standard error.'),
  COUNTERSIGN_METRICS_PORT: port(0)
    .optional()
    .describe('A port of its own for `/metrics`, `/healthz` and `/readyz`; 0 is any free one.'),
  COUNTERSIGN_METRICS_HOST: text.default('127.0.0.1').describe('The address of that port.'),
  COUNTERSIGN_REQUESTS_PER_MINUTE: whole(1, 999_999_999, 'is a whole number of at least 1')
    .default(60_000)
    .describe('How many requests each credential may send.'),
  COUNTERSIGN_REQUESTS_AT_ONCE: whole(1, 100_000, 'is a whole number from 1 to 100000')
    .default(512)
    .describe('How many requests one process works on at most; more are answered 503.'),
  COUNTERSIGN_ACCESS_REQUESTS: z
    .enum(['on', 'off'], 'is on or off')
    .default('on')
    .describe('Whether denials of AuthZEN may be asked for (a draft).'),
};

const STORING = {
  COUNTERSIGN_DATA: text.default('.countersign').describe('Folder of everything that the embedded parts keep.'),
  COUNTERSIGN_CACHE: text
    .optional()
    .describe('Folder of downloaded programs. Default: `countersign` in the user’s cache folder.'),
  DATABASE_URL: url(/^postgres(ql)?$/, 'postgres://user@host/database')
    .optional()
    .describe('A PostgreSQL of yours; one is started in `COUNTERSIGN_DATA` when left out.'),
  COUNTERSIGN_MIGRATE: z
    .enum(['start', 'never'], 'is start or never')
    .default('start')
    .describe('Whether a start brings the schema up to date, or `countersign migrate` did.'),
};

/** `name=value` pairs with commas between, values percent-encoded, as OpenTelemetry writes headers. */
const headers = z.string().transform((value, issues): Record<string, string> => {
  const read: Record<string, string> = {};
  for (const pair of value.split(',')) {
    const [, name, encoded] = /^\s*([\w-]+)=([^\s,]*)\s*$/.exec(pair) ?? [];
    const text = encoded === undefined ? null : percentDecoded(encoded);
    if (name === undefined || text === null) {
      issues.addIssue('is a list of NAME=VALUE, with commas between them and values percent-encoded');
      return z.NEVER;
    }
    read[name] = text;
  }
  return read;
});

function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Named as OpenTelemetry names them. */
const TRACING = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url(/^https?$/, 'http://collector:4318')
    .optional()
    .describe('OpenTelemetry’s collector: spans go to its `/v1/traces`, as OTLP over HTTP. Without it none are made.'),
  OTEL_EXPORTER_OTLP_HEADERS: headers.default({}).describe('What it asks for beside them: `authorization=Bearer%20…`.'),
  OTEL_SERVICE_NAME: text.default('countersign').describe('What spans call this process.'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'is a share from 0 to 1')
    .transform(Number)
    .default(1)
    .describe('Which share of the traces that begin here is kept. Of others their `traceparent` says it.'),
};

const DECIDING = {
  COUNTERSIGN_POLICIES: text.default('policies').describe('Folder of policies and of `directory.yaml`.'),
  COUNTERSIGN_ISSUERS: text.optional().describe('File of the owner’s own issuers: tokens, sign-in, signals.'),
  COUNTERSIGN_TENANTS: text.optional().describe('File of tenants with a directory or a Slack workspace of their own.'),
  COUNTERSIGN_CONNECTORS: text.optional().describe('File of connectors, over which the engine executes.'),
  COUNTERSIGN_ADVISERS: text.optional().describe('File of advisers: reviewers of yours that policies ask (`advice`).'),
  COUNTERSIGN_ONCALL: text
    .optional()
    .describe('File of rotas: who is on call, for approvers such as `oncall:payments`.'),
  COUNTERSIGN_WITNESSES: text.optional().describe('File of witnesses and anchors of the log.'),
};

const SIGNING = {
  COUNTERSIGN_KEYS_FILE: text
    .optional()
    .describe(
      'All keys in one file that is only read (`countersign keys pack`), for processes that share no folder. They replace those in `COUNTERSIGN_DATA`.',
    ),
  COUNTERSIGN_SIGNER: signer.describe('Where new keys of records are made: `file`, or a key of a key manager.'),
  COUNTERSIGN_PERMIT_SIGNER: signer.describe('The same for permits.'),
  COUNTERSIGN_LOG_SIGNER: signer.describe('The same for the log’s checkpoints.'),
  COUNTERSIGN_ATTESTATION_SIGNER: signer.describe('The same for attestations of human decisions.'),
  COUNTERSIGN_GCP_KMS_URL: url(/^https?$/, 'https://cloudkms.example.com/')
    .optional()
    .describe('Another address of Google Cloud KMS.'),
  VAULT_ADDR: url(/^https?$/, 'https://vault.example.com:8200')
    .optional()
    .describe('Address of HashiCorp Vault.'),
  VAULT_NAMESPACE: text.optional().describe('Its namespace.'),
  VAULT_TOKEN: text.optional().describe('Its token.'),
  VAULT_TOKEN_FILE: text.optional().describe('A file with its token, read again when it changes.'),
};

const TELLING = {
  SLACK_BOT_TOKEN: text
    .optional()
    .describe('Token of the Slack app. Without it, `countersign start` serves a Slack sandbox.'),
  SLACK_SIGNING_SECRET: text.optional().describe('Signing secret of the app, for requests over HTTP.'),
  SLACK_APP_TOKEN: text.optional().describe('App-level token, for Socket Mode instead of HTTP.'),
  SLACK_API_URL: url(/^https?$/, 'https://slack.com/api/')
    .optional()
    .describe('Another address of Slack’s Web API.'),
  TEAMS_APP_ID: guid.optional().describe('Id of the Teams app’s bot. Without it, there is no door in Teams.'),
  TEAMS_APP_SECRET: text.optional().describe('Its client secret.'),
  TEAMS_TENANT: guid.optional().describe('Id of the tenant in Microsoft Entra whose people are listened to.'),
  TEAMS_SERVICE_URLS: z
    .string()
    .transform((all) => all.split(',').map((one) => one.trim()))
    .pipe(z.array(url(/^https?$/, 'https://smba.trafficmanager.net/teams/').regex(/\/$/, 'ends in /')).min(1))
    .default(['https://smba.trafficmanager.net/teams/', 'https://smba.trafficmanager.net/'])
    .describe(
      'Beginnings of the addresses of Teams that are called, separated by commas; at the first of them are reached who were not heard of yet.',
    ),
  TEAMS_METADATA_URL: url(/^https?$/, 'https://login.botframework.com/v1/.well-known/openidconfiguration')
    .default('https://login.botframework.com/v1/.well-known/openidconfiguration')
    .describe('OpenID metadata of the Bot Framework: its issuer, and where its keys are.'),
  TEAMS_TOKEN_URL: url(/^https?$/, 'https://login.microsoftonline.com/<tenant>/oauth2/v2.0/token')
    .optional()
    .describe('Where the app gets its tokens. Default: the token endpoint of `TEAMS_TENANT` at Microsoft.'),
  COUNTERSIGN_SMTP_URL: url(/^smtps?$/, 'smtps://user:password@mail.example.com')
    .optional()
    .describe('The relay that takes mails; nobody is written to when left out.'),
  COUNTERSIGN_MAIL_FROM: z
    .string()
    .regex(
      /^[^\r\n]*@[^\s@\r\n]+$|^[^\r\n]*<[^\s@<>]+@[^\s@<>]+>$/,
      'is an address such as Countersign <countersign@acme.test>',
    )
    .optional()
    .describe('The sender of mails.'),
  COUNTERSIGN_WEBHOOKS: text.optional().describe('File of notification webhooks.'),
  COUNTERSIGN_WEBHOOK_TARGETS: z
    .enum(WEBHOOK_TARGETS, `is one of ${WEBHOOK_TARGETS.join(', ')}`)
    .optional()
    .describe(
      'Where webhooks and callbacks may go. Default: `loopback` where the stack itself listens on loopback, else `public`.',
    ),
};

const TEMPORAL = {
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d{1,5}$/, 'is host:port, such as 127.0.0.1:7233')
    .optional()
    .describe('A Temporal of yours; a development server is found or got, and started, when left out.'),
  TEMPORAL_NAMESPACE: text.default('default').describe('Its namespace.'),
  TEMPORAL_API_KEY: text.optional().describe('Its API key.'),
  TEMPORAL_TLS: z
    .stringbool('is true or false')
    .optional()
    .describe('Whether to use TLS. Default: where an API key or a certificate is set.'),
  TEMPORAL_TLS_SERVER_NAME: text.optional().describe('The name that its certificate has to have.'),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: text.optional().describe('File of the authority that signed it.'),
  TEMPORAL_TLS_CLIENT_CERT_PATH: text.optional().describe('File of our certificate.'),
  TEMPORAL_TLS_CLIENT_KEY_PATH: text.optional().describe('File of its key.'),
  TEMPORAL_WORKER_BUILD_ID: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'is a name of letters, digits, `.`, `_` and `-`')
    .optional()
    .describe(
      'Which version of the worker deployment `countersign` a worker is: it works once that version is made current, or ramps up.',
    ),
  TEMPORAL_CLI_PATH: text.optional().describe('The `temporal` program of the development server.'),
  TEMPORAL_PORT: port(1).optional().describe('Port of the development server; any free one when left out.'),
  COUNTERSIGN_SEARCH_ATTRIBUTES: z
    .enum(['on', 'off'], 'is on or off')
    .default('off')
    .describe(
      'Whether Temporal’s visibility is told tenant, surface and status of each action ([operations.md](operations.md#what-is-kept-and-how-long)).',
    ),
  COUNTERSIGN_NEXUS: z
    .enum(['on', 'off'], 'is on or off')
    .default('off')
    .describe(
      'Whether workflows of other namespaces may ask through Nexus ([temporal.md](temporal.md#from-other-namespaces)).',
    ),
  COUNTERSIGN_CODEC_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((one) => one.trim()))
    .refine(
      (list) => list.every(isOrigin),
      'is one origin or several, such as https://temporal.example.com,http://localhost:8233',
    )
    .default([])
    .describe('Origins of Temporal’s UI, whose pages may ask the codec server.'),
  COUNTERSIGN_START_DELAY_MS: whole(1, 600_000, 'is a whole number of milliseconds, 1 to 600000')
    .default(30_000)
    .describe('How long a workflow rests before its first task, where nothing wakes it.'),
};

const SYSTEM = {
  XDG_CACHE_HOME: text.optional().describe('The user’s cache folder.'),
  HOME: text.optional().describe('The user’s home.'),
};

/** The settings of a process of the stack. */
export const envSchema = z.object({
  ...SERVING,
  ...STORING,
  ...DECIDING,
  ...SIGNING,
  ...TELLING,
  ...TRACING,
  ...TEMPORAL,
  ...SYSTEM,
});

/** Further settings that only the command line reads. */
const COMMAND_LINE = {
  COUNTERSIGN_DEBUG: text.optional().describe('1 prints the stack of an error that is ours.'),
  COUNTERSIGN_MCP_TOKEN: text
    .optional()
    .describe('What agents present to `countersign mcp` over HTTP, as a bearer token; no key of Countersign.'),
  COUNTERSIGN_MCP_UPSTREAM_TOKEN: text
    .optional()
    .describe('Bearer token for an MCP server at an address, which agents do not get.'),
  COUNTERSIGN_MCP_ACTOR: text.default('agent:mcp').describe('Who acts, where `countersign mcp` has no `--actor`.'),
  XDG_CONFIG_HOME: text.optional().describe('Below it `countersign login` keeps who is signed in.'),
  USERPROFILE: text.optional().describe('The home on Windows.'),
  APPDATA: text.optional().describe('The same on Windows.'),
  PATH: text
    .optional()
    .describe('Where programs are looked for: `temporal`, `go`, `python3`, and what `countersign run` runs.'),
};

/** Variables of the pipeline in which `countersign run` is a job. Nobody sets them by hand. */
const PIPELINE = {
  ACTIONS_ID_TOKEN_REQUEST_URL: text.optional().describe('Where a job of GitHub gets a token of its own.'),
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: text.optional().describe('What it shows for it.'),
  GITHUB_ACTIONS: text.optional().describe('`true` in a job of GitHub: permits are masked in its log.'),
  GITHUB_OUTPUT: text.optional().describe('File of a step’s outputs.'),
  GITHUB_STEP_SUMMARY: text.optional().describe('File of a job’s summary.'),
  GITHUB_RUN_ID: text.optional().describe('With the attempt, repository and job: what makes two runs one.'),
  GITHUB_RUN_ATTEMPT: text.optional().describe('See `GITHUB_RUN_ID`.'),
  GITHUB_REPOSITORY: text.optional().describe('See `GITHUB_RUN_ID`; also the actor, `agent:github/…`.'),
  GITHUB_JOB: text.optional().describe('See `GITHUB_RUN_ID`.'),
  CI_JOB_ID: text.optional().describe('With the host and the project: what makes two runs in GitLab one.'),
  CI_SERVER_HOST: text.optional().describe('See `CI_JOB_ID`.'),
  CI_PROJECT_ID: text.optional().describe('See `CI_JOB_ID`.'),
  CI_PROJECT_PATH: text.optional().describe('The actor, `agent:gitlab/…`.'),
};

/** Variables that `countersign run` sets for its command. */
const GOVERNED_COMMAND = {
  COUNTERSIGN_ACTION: text.describe('The action’s id.'),
  COUNTERSIGN_PERMIT: text.describe('Its permit, redeemed already.'),
  COUNTERSIGN_REQUEST: text.describe('The request as released, as JSON.'),
};

/** Variables that only `docker-compose.yml` reads, from `.env`. */
const COMPOSE = {
  COUNTERSIGN_PUBLIC_PORT: text.default('8787').describe('The port on this machine.'),
};

export interface SettingsGroup {
  title: string;
  settings: Readonly<Record<string, z.ZodType>>;
}

/** All of them, in the order of the page. */
export const SETTINGS: readonly SettingsGroup[] = [
  { title: 'Where it serves', settings: SERVING },
  { title: 'Where it keeps things', settings: STORING },
  { title: 'Who decides what', settings: DECIDING },
  { title: 'Keys', settings: SIGNING },
  { title: 'Whom it tells', settings: TELLING },
  { title: 'Traces', settings: TRACING },
  { title: 'Temporal', settings: TEMPORAL },
  { title: 'The command line', settings: COMMAND_LINE },
  { title: 'Pipelines', settings: PIPELINE },
  { title: 'What a governed command is given', settings: GOVERNED_COMMAND },
  { title: 'docker compose', settings: COMPOSE },
  { title: 'The system', settings: SYSTEM },
];
