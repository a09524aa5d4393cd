import { resolve } from 'node:path';
import type { z } from 'zod';
import { reachOf, type WebhookTargets } from '../notify/webhook-target.ts';
import { CountersignError } from '../contract/index.ts';
import type { SmtpSettings } from '../mail/index.ts';
import { isTrustworthy } from '../identity/index.ts';
import { siteOf } from './passkey-site.ts';
import { withSecretFiles } from './secret-files.ts';
import { envSchema } from './settings.ts';
import type { TracingSettings } from './tracing/index.ts';
import type { KeySettings } from '../keys/index.ts';

export interface SlackSettings {
  botToken: string;
  /** Needed for HTTP delivery; Socket Mode has none. */
  signingSecret: string | undefined;
  /** With it, Slack is reached by Socket Mode instead of HTTP. */
  appToken: string | undefined;
  apiUrl: string | undefined;
}

export interface TeamsSettings {
  appId: string;
  appSecret: string;
  /** Id of the tenant in Microsoft Entra. */
  tenant: string;
  serviceUrls: readonly [string, ...string[]];
  metadataUrl: string;
  tokenUrl: string;
}

export interface TemporalSettings {
  /** `host:port` of an existing cluster; without it a dev server is found or built, and started. */
  address: string | undefined;
  namespace: string;
  apiKey: string | undefined;
  /** Null: no TLS. Paths of PEM files. */
  tls: { serverName?: string; ca?: string; cert?: string; key?: string } | null;
  cliPath: string | undefined;
  /** The build id of workers, where they are versioned. */
  buildId: string | undefined;
  /** Port of our dev server; any free one when left out. */
  port: number | undefined;
}

/** Settings of a process (contract section 8), validated at its start. */
export interface Config {
  /** 0 = any free port. */
  port: number;
  host: string;
  /** Address of `/metrics`, `/healthz` and `/readyz`. Without a port there is no separate listener. */
  metrics: { port: number | undefined; host: string };
  /** Absolute folder of everything that the embedded stack keeps. */
  dataDir: string;
  policiesDir: string;
  /** Folder of a Temporal binary that was built or downloaded. */
  cacheDir: string;
  /** The address under which others reach this stack, if it is not where it listens; no trailing slash. */
  publicUrl: string | undefined;
  /** Origin of the console. Passkeys are bound to it. `publicUrl`'s origin by default. */
  origin: string | undefined;
  /** Becomes the first key at the first start. */
  apiKey: string | undefined;
  databaseUrl: string | undefined;
  /** Whether a start brings the database's schema up to date; otherwise `countersign migrate` does. */
  migrate: 'start' | 'never';
  /** Where new signing keys are made (docs/keys.md), and how their key managers are reached. */
  keys: KeySettings;
  temporal: TemporalSettings;
  /** Null: no Slack is configured, so the sandbox serves. */
  slack: SlackSettings | null;
  /** Left out where there is no door in Teams. */
  teams?: TeamsSettings;
  /** The relay for mail to approvers and requesters; null for no mail. */
  mail: SmtpSettings | null;
  /** `iss` of permits. */
  issuer: string;
  webhooks: {
    /** Settings file of notification webhooks. */
    file: string | undefined;
    /** Where callbacks and notifications may go: also to this machine only where the stack itself serves nobody else. */
    targets: WebhookTargets;
  };
  /** Settings file of the owner's token issuers. */
  issuers: string | undefined;
  /** Settings file of tenants that have their directory or Slack workspace. */
  tenants: string | undefined;
  /** Settings file of connectors, and the environment with the secrets that it names. */
  connectors: { file: string | undefined; env: Env };
  /** Settings file of advisers. */
  advisers: string | undefined;
  /** Settings file of rotas, and the environment with the secrets that it names. */
  oncall: { file: string | undefined; env: Env };
  /** Settings file of witnesses and anchors. */
  witnesses: string | undefined;
  /** Origins of Temporal's UI, whose pages may ask the codec server. */
  codecOrigins: readonly string[];
  /** Whether tenant, surface and status of each action go to Temporal's visibility. */
  searchAttributes: boolean;
  /** Whether workflows of other namespaces may ask through the Nexus service. */
  nexus: boolean;
  /** Who may read the entries of the log: those with a credential for it, or everybody. */
  log: 'private' | 'public';
  /** Null: no spans are made. */
  tracing: TracingSettings | null;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Whether denials of AuthZEN may be asked for: a draft, named among its capabilities. */
  accessRequests: boolean;
  /** For each credential. */
  requestsPerMinute: number;
  /** Of one process. */
  requestsAtOnce: number;
  /** Delay of a workflow's first task, in milliseconds. */
  startDelayMs: number;
}

export type Env = Readonly<Record<string, string | undefined>>;

type Settings = z.output<typeof envSchema>;

/** True for an address that only this machine can reach. */
export const isLoopback = (host: string): boolean => host === 'localhost' || reachOf(host) === 'loopback';

/** An empty variable means the same as one that is not set. */
const known = (env: Env): Record<string, string> =>
  Object.fromEntries(
    Object.keys(envSchema.shape).flatMap((name) =>
      env[name] === undefined || env[name] === '' ? [] : [[name, env[name]]],
    ),
  );

/**
 * Reads the environment.
 *
 * @throws CountersignError `configuration` with one sentence for each variable that is wrong. Values are never repeated: some are secrets.
 */
export function loadConfig(env: Env): Config {
  const parsed = envSchema.safeParse(known(withSecretFiles(env)));
  if (!parsed.success) throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  const it = parsed.data;
  const missing = incomplete(it);
  if (missing.length > 0) throw wrong(missing);
  return {
    port: it.COUNTERSIGN_PORT,
    host: it.COUNTERSIGN_HOST,
    metrics: { port: it.COUNTERSIGN_METRICS_PORT, host: it.COUNTERSIGN_METRICS_HOST },
    dataDir: resolve(it.COUNTERSIGN_DATA),
    policiesDir: resolve(it.COUNTERSIGN_POLICIES),
    cacheDir: resolve(
      it.COUNTERSIGN_CACHE ?? resolve(it.XDG_CACHE_HOME ?? resolve(it.HOME ?? '.', '.cache'), 'countersign'),
    ),
    publicUrl: it.COUNTERSIGN_URL?.replace(/\/+$/, ''),
    origin: it.COUNTERSIGN_ORIGIN,
    apiKey: it.COUNTERSIGN_API_KEY,
    databaseUrl: it.DATABASE_URL,
    migrate: it.COUNTERSIGN_MIGRATE,
    keys: keysOf(it),
    temporal: {
      address: it.TEMPORAL_ADDRESS,
      namespace: it.TEMPORAL_NAMESPACE,
      apiKey: it.TEMPORAL_API_KEY,
      tls: tlsOf(it),
      cliPath: it.TEMPORAL_CLI_PATH,
      buildId: it.TEMPORAL_WORKER_BUILD_ID,
      port: it.TEMPORAL_PORT,
    },
    slack:
      it.SLACK_BOT_TOKEN === undefined
        ? null
        : {
            botToken: it.SLACK_BOT_TOKEN,
            signingSecret: it.SLACK_SIGNING_SECRET,
            appToken: it.SLACK_APP_TOKEN,
            apiUrl: it.SLACK_API_URL,
          },
    ...teamsOf(it),
    mail: mailOf(it),
    issuer: it.COUNTERSIGN_ISSUER,
    webhooks: {
      file: it.COUNTERSIGN_WEBHOOKS === undefined ? undefined : resolve(it.COUNTERSIGN_WEBHOOKS),
      targets: it.COUNTERSIGN_WEBHOOK_TARGETS ?? (isLoopback(it.COUNTERSIGN_HOST) ? 'loopback' : 'public'),
    },
    issuers: it.COUNTERSIGN_ISSUERS === undefined ? undefined : resolve(it.COUNTERSIGN_ISSUERS),
    tenants: it.COUNTERSIGN_TENANTS === undefined ? undefined : resolve(it.COUNTERSIGN_TENANTS),
    connectors: {
      file: it.COUNTERSIGN_CONNECTORS === undefined ? undefined : resolve(it.COUNTERSIGN_CONNECTORS),
      env: it.COUNTERSIGN_CONNECTORS === undefined ? {} : env,
    },
    advisers: it.COUNTERSIGN_ADVISERS === undefined ? undefined : resolve(it.COUNTERSIGN_ADVISERS),
    oncall: {
      file: it.COUNTERSIGN_ONCALL === undefined ? undefined : resolve(it.COUNTERSIGN_ONCALL),
      env: it.COUNTERSIGN_ONCALL === undefined ? {} : env,
    },
    witnesses: it.COUNTERSIGN_WITNESSES === undefined ? undefined : resolve(it.COUNTERSIGN_WITNESSES),
    codecOrigins: it.COUNTERSIGN_CODEC_ORIGINS,
    searchAttributes: it.COUNTERSIGN_SEARCH_ATTRIBUTES === 'on',
    nexus: it.COUNTERSIGN_NEXUS === 'on',
    log: it.COUNTERSIGN_LOG,
    tracing: tracingOf(it),
    logLevel: it.COUNTERSIGN_LOG_LEVEL,
    accessRequests: it.COUNTERSIGN_ACCESS_REQUESTS === 'on',
    requestsPerMinute: it.COUNTERSIGN_REQUESTS_PER_MINUTE,
    requestsAtOnce: it.COUNTERSIGN_REQUESTS_AT_ONCE,
    startDelayMs: it.COUNTERSIGN_START_DELAY_MS,
  };
}

function incomplete(it: Settings): string[] {
  const problems: string[] = [];
  if (it.SLACK_BOT_TOKEN !== undefined && it.SLACK_SIGNING_SECRET === undefined && it.SLACK_APP_TOKEN === undefined) {
    problems.push('SLACK_BOT_TOKEN needs SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode) beside it');
  }
  if (it.SLACK_BOT_TOKEN === undefined && (it.SLACK_SIGNING_SECRET ?? it.SLACK_APP_TOKEN) !== undefined) {
    problems.push('SLACK_SIGNING_SECRET and SLACK_APP_TOKEN need SLACK_BOT_TOKEN beside them');
  }
  const teams = [it.TEAMS_APP_ID, it.TEAMS_APP_SECRET, it.TEAMS_TENANT];
  if (teams.includes(undefined) && teams.some((one) => one !== undefined)) {
    problems.push('TEAMS_APP_ID, TEAMS_APP_SECRET and TEAMS_TENANT go together');
  }
  if (teamsUrls(it).some((one) => !isTrustworthy(one))) {
    problems.push('the addresses of Teams are https, unless they are on this machine');
  }
  if ((it.COUNTERSIGN_SMTP_URL === undefined) !== (it.COUNTERSIGN_MAIL_FROM === undefined)) {
    problems.push('COUNTERSIGN_SMTP_URL and COUNTERSIGN_MAIL_FROM go together');
  }
  if (it.COUNTERSIGN_ORIGIN !== undefined && siteOf(it.COUNTERSIGN_ORIGIN) === null) {
    problems.push(
      'COUNTERSIGN_ORIGIN has a name, not an address, and https unless it is localhost: browsers make passkeys nowhere else',
    );
  }
  const signers = Object.values(keysOf(it).signers);
  if (signers.some((one) => one.startsWith('vault:')) && it.VAULT_ADDR === undefined) {
    problems.push('a signer in Vault needs VAULT_ADDR, and VAULT_TOKEN or VAULT_TOKEN_FILE');
  }
  if ((it.TEMPORAL_TLS_CLIENT_CERT_PATH === undefined) !== (it.TEMPORAL_TLS_CLIENT_KEY_PATH === undefined)) {
    problems.push('TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together');
  }
  return problems;
}

const teamsUrls = (it: Settings): string[] => [
  ...it.TEAMS_SERVICE_URLS,
  it.TEAMS_METADATA_URL,
  ...(it.TEAMS_TOKEN_URL === undefined ? [] : [it.TEAMS_TOKEN_URL]),
];

function teamsOf(it: Settings): Pick<Config, 'teams'> {
  const { TEAMS_APP_ID: appId, TEAMS_APP_SECRET: appSecret, TEAMS_TENANT: tenant } = it;
  const [first, ...others] = it.TEAMS_SERVICE_URLS;
  if (appId === undefined || appSecret === undefined || tenant === undefined || first === undefined) return {};
  const tokenUrl = it.TEAMS_TOKEN_URL ?? `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`;
  const serviceUrls = [first, ...others] as const;
  return { teams: { appId, appSecret, tenant, serviceUrls, metadataUrl: it.TEAMS_METADATA_URL, tokenUrl } };
}

function mailOf({ COUNTERSIGN_SMTP_URL: smtp, COUNTERSIGN_MAIL_FROM: from }: Settings): SmtpSettings | null {
  if (smtp === undefined || from === undefined) return null;
  return { url: smtp, from, loopback: isLoopback(new URL(smtp).hostname) };
}

function tracingOf(it: Settings): TracingSettings | null {
  const endpoint = it.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return null;
  return {
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: it.OTEL_EXPORTER_OTLP_HEADERS,
    service: it.OTEL_SERVICE_NAME,
    ratio: it.OTEL_TRACES_SAMPLER_ARG,
  };
}

function keysOf(it: Settings): KeySettings {
  return {
    signers: {
      record: it.COUNTERSIGN_SIGNER,
      permit: it.COUNTERSIGN_PERMIT_SIGNER,
      log: it.COUNTERSIGN_LOG_SIGNER,
      attestation: it.COUNTERSIGN_ATTESTATION_SIGNER,
    },
    vault:
      it.VAULT_ADDR === undefined
        ? null
        : {
            address: it.VAULT_ADDR,
            namespace: it.VAULT_NAMESPACE,
            token: it.VAULT_TOKEN,
            tokenFile: it.VAULT_TOKEN_FILE,
          },
    googleUrl: it.COUNTERSIGN_GCP_KMS_URL,
    packed: it.COUNTERSIGN_KEYS_FILE,
  };
}

function tlsOf(it: Settings): TemporalSettings['tls'] {
  const tls = {
    ...(it.TEMPORAL_TLS_SERVER_NAME === undefined ? {} : { serverName: it.TEMPORAL_TLS_SERVER_NAME }),
    ...(it.TEMPORAL_TLS_SERVER_CA_CERT_PATH === undefined ? {} : { ca: it.TEMPORAL_TLS_SERVER_CA_CERT_PATH }),
    ...(it.TEMPORAL_TLS_CLIENT_CERT_PATH === undefined ? {} : { cert: it.TEMPORAL_TLS_CLIENT_CERT_PATH }),
    ...(it.TEMPORAL_TLS_CLIENT_KEY_PATH === undefined ? {} : { key: it.TEMPORAL_TLS_CLIENT_KEY_PATH }),
  };
  // An API key is never sent in clear.
  const wanted = it.TEMPORAL_TLS ?? (Object.keys(tls).length > 0 || it.TEMPORAL_API_KEY !== undefined);
  return wanted ? tls : null;
}

const wrong = (problems: string[]): CountersignError =>
  new CountersignError('configuration', `the configuration cannot be used: ${problems.join('; ')}`);
