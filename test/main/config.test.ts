import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isCountersignError } from '../../src/contract/index.ts';
import { loadConfig, type Config, type Env } from '../../src/main/config.ts';

const GUID = '72F988BF-86f1-41af-91ab-2d7cd011db47';

/** What `loadConfig` says against an environment. */
function refusalOf(env: Env): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (isCountersignError(error) && error.code === 'configuration') return error.message;
    throw error;
  }
  return 'it was accepted';
}

describe('an empty environment', () => {
  it('is a whole local stack', () => {
    expect(loadConfig({ HOME: '/home/me' })).toEqual({
      port: 8787,
      host: '127.0.0.1',
      metrics: { port: undefined, host: '127.0.0.1' },
      dataDir: resolve('.countersign'),
      policiesDir: resolve('policies'),
      cacheDir: '/home/me/.cache/countersign',
      publicUrl: undefined,
      origin: undefined,
      apiKey: undefined,
      databaseUrl: undefined,
      migrate: 'start',
      keys: {
        signers: { record: 'file', permit: 'file', log: 'file', attestation: 'file' },
        vault: null,
        googleUrl: undefined,
      },
      temporal: {
        address: undefined,
        namespace: 'default',
        apiKey: undefined,
        tls: null,
        cliPath: undefined,
        buildId: undefined,
        port: undefined,
      },
      slack: null,
      mail: null,
      issuer: 'countersign',
      webhooks: { file: undefined, targets: 'loopback' },
      issuers: undefined,
      tenants: undefined,
      connectors: { file: undefined, env: {} },
      advisers: undefined,
      oncall: { file: undefined, env: {} },
      witnesses: undefined,
      codecOrigins: [],
      searchAttributes: false,
      nexus: false,
      log: 'private',
      tracing: null,
      logLevel: 'warn',
      accessRequests: true,
      requestsPerMinute: 60_000,
      requestsAtOnce: 512,
      startDelayMs: 30_000,
    } satisfies Config);
  });
});

describe('a variable', () => {
  const accepted: [Env, unknown][] = [
    [{ COUNTERSIGN_PORT: '0' }, { port: 0 }],
    [{ COUNTERSIGN_PORT: '65535' }, { port: 65_535 }],
    [{ COUNTERSIGN_PORT: '' }, { port: 8787 }],
    [
      { COUNTERSIGN_METRICS_PORT: '9464', COUNTERSIGN_METRICS_HOST: '0.0.0.0' },
      { metrics: { port: 9464, host: '0.0.0.0' } },
    ],
    [
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/',
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret,x-team=ops',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
      },
      {
        tracing: {
          url: 'http://collector:4318/v1/traces',
          headers: { authorization: 'Bearer secret', 'x-team': 'ops' },
          service: 'countersign',
          ratio: 0.25,
        },
      },
    ],
    [{ COUNTERSIGN_HOST: '::1' }, { host: '::1', webhooks: { file: undefined, targets: 'loopback' } }],
    [{ COUNTERSIGN_HOST: '0.0.0.0' }, { webhooks: { file: undefined, targets: 'public' } }],
    [
      { COUNTERSIGN_WEBHOOKS: '/w.yaml', COUNTERSIGN_WEBHOOK_TARGETS: 'private' },
      { webhooks: { file: '/w.yaml', targets: 'private' } },
    ],
    [
      { COUNTERSIGN_CODEC_ORIGINS: 'https://temporal.example.com, http://localhost:8233' },
      { codecOrigins: ['https://temporal.example.com', 'http://localhost:8233'] },
    ],
    [{ COUNTERSIGN_DATA: '/var/lib/countersign' }, { dataDir: '/var/lib/countersign' }],
    [{ COUNTERSIGN_CACHE: '/c', XDG_CACHE_HOME: '/x' }, { cacheDir: '/c' }],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, { cacheDir: '/x/countersign' }],
    [{ COUNTERSIGN_URL: 'https://approvals.acme.test/' }, { publicUrl: 'https://approvals.acme.test' }],
    [{ DATABASE_URL: 'postgresql://u:p@db/countersign' }, { databaseUrl: 'postgresql://u:p@db/countersign' }],
    [{ TEMPORAL_ADDRESS: 'temporal.acme.test:7233' }, { temporal: { address: 'temporal.acme.test:7233', tls: null } }],
    [{ TEMPORAL_NAMESPACE: 'approvals.a1b2c' }, { temporal: { namespace: 'approvals.a1b2c' } }],
    // An API key is never sent in clear.
    [{ TEMPORAL_API_KEY: 'k' }, { temporal: { apiKey: 'k', tls: {} } }],
    [{ TEMPORAL_TLS: 'true' }, { temporal: { tls: {} } }],
    [{ TEMPORAL_TLS: 'false', TEMPORAL_TLS_SERVER_NAME: 't' }, { temporal: { tls: null } }],
    [{ TEMPORAL_TLS_SERVER_NAME: 't' }, { temporal: { tls: { serverName: 't' } } }],
    [{ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/ca' }, { temporal: { tls: { ca: '/ca' } } }],
    [
      { TEMPORAL_TLS_CLIENT_CERT_PATH: '/crt', TEMPORAL_TLS_CLIENT_KEY_PATH: '/key' },
      { temporal: { tls: { cert: '/crt', key: '/key' } } },
    ],
    [
      { COUNTERSIGN_SIGNER: 'aws-kms:alias/countersign-{tenant}' },
      { keys: { signers: { record: 'aws-kms:alias/countersign-{tenant}', log: 'file' } } },
    ],
    [
      {
        COUNTERSIGN_LOG_SIGNER: 'vault:log',
        VAULT_ADDR: 'https://vault.acme.test:8200',
        VAULT_TOKEN_FILE: '/run/token',
      },
      {
        keys: {
          signers: { log: 'vault:log' },
          vault: { address: 'https://vault.acme.test:8200', tokenFile: '/run/token' },
        },
      },
    ],
    [{ COUNTERSIGN_SEARCH_ATTRIBUTES: 'on' }, { searchAttributes: true }],
    [{ TEMPORAL_PORT: '7233' }, { temporal: { port: 7233 } }],
    [{ TEMPORAL_WORKER_BUILD_ID: '1.4.0-rc.1' }, { temporal: { buildId: '1.4.0-rc.1' } }],
    [{ TEMPORAL_CLI_PATH: '/opt/temporal' }, { temporal: { cliPath: '/opt/temporal' } }],
    [
      { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's', SLACK_API_URL: 'http://127.0.0.1:1/api/' },
      { slack: { botToken: 'xoxb-1', signingSecret: 's', appToken: undefined, apiUrl: 'http://127.0.0.1:1/api/' } },
    ],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' }, { slack: { appToken: 'xapp-1' } }],
    [
      { TEAMS_APP_ID: GUID, TEAMS_APP_SECRET: 's', TEAMS_TENANT: GUID },
      {
        teams: {
          appId: GUID.toLowerCase(),
          tenant: GUID.toLowerCase(),
          tokenUrl: `https://login.microsoftonline.com/${GUID.toLowerCase()}/oauth2/v2.0/token`,
          serviceUrls: ['https://smba.trafficmanager.net/teams/', 'https://smba.trafficmanager.net/'],
        },
      },
    ],
  ];
  it.each(accepted)('%j becomes %j', (env, want) => {
    expect(loadConfig(env)).toMatchObject(want as object);
  });

  const refused: [Env, string][] = [
    [{ COUNTERSIGN_PORT: 'http' }, 'COUNTERSIGN_PORT is a whole number from 0 to 65535'],
    [{ COUNTERSIGN_PORT: '65536' }, 'COUNTERSIGN_PORT is a whole number from 0 to 65535'],
    [{ COUNTERSIGN_PORT: '0x50' }, 'COUNTERSIGN_PORT is a whole number from 0 to 65535'],
    [{ COUNTERSIGN_PORT: ' ' }, 'COUNTERSIGN_PORT is a whole number from 0 to 65535'],
    [{ COUNTERSIGN_PORT: '-1' }, 'COUNTERSIGN_PORT is a whole number from 0 to 65535'],
    [{ COUNTERSIGN_URL: 'approvals.acme.test' }, 'COUNTERSIGN_URL is a URL such as http://127.0.0.1:8787'],
    [{ COUNTERSIGN_URL: 'ftp://acme.test' }, 'COUNTERSIGN_URL is a URL such as http://127.0.0.1:8787'],
    [{ COUNTERSIGN_LOG: 'mine' }, 'COUNTERSIGN_LOG is private or public'],
    [{ COUNTERSIGN_LOG_LEVEL: 'loud' }, 'COUNTERSIGN_LOG_LEVEL is one of trace, debug, info, warn, error, silent'],
    [{ COUNTERSIGN_REQUESTS_PER_MINUTE: '0' }, 'COUNTERSIGN_REQUESTS_PER_MINUTE is a whole number of at least 1'],
    [{ DATABASE_URL: 'mysql://u@db/c' }, 'DATABASE_URL is a URL such as postgres://user@host/database'],
    [{ TEMPORAL_ADDRESS: 'http://temporal:7233' }, 'TEMPORAL_ADDRESS is host:port, such as 127.0.0.1:7233'],
    [{ TEMPORAL_ADDRESS: 'temporal' }, 'TEMPORAL_ADDRESS is host:port, such as 127.0.0.1:7233'],
    [{ TEMPORAL_TLS: 'maybe' }, 'TEMPORAL_TLS is true or false'],
    [{ TEMPORAL_WORKER_BUILD_ID: 'a b' }, 'TEMPORAL_WORKER_BUILD_ID is a name of letters, digits, `.`, `_` and `-`'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT is a URL such as http://collector:4318',
    ],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=%zz' },
      'OTEL_EXPORTER_OTLP_HEADERS is a list of NAME=VALUE, with commas between them and values percent-encoded',
    ],
    [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'OTEL_TRACES_SAMPLER_ARG is a share from 0 to 1'],
    [
      { TEMPORAL_TLS_CLIENT_KEY_PATH: '/k' },
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH go together',
    ],
    [
      { SLACK_BOT_TOKEN: 'xoxb-1' },
      'SLACK_BOT_TOKEN needs SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode) beside it',
    ],
    [{ SLACK_APP_TOKEN: 'xapp-1' }, 'SLACK_SIGNING_SECRET and SLACK_APP_TOKEN need SLACK_BOT_TOKEN beside them'],
    [
      { COUNTERSIGN_SIGNER: 'hsm:1' },
      'COUNTERSIGN_SIGNER is file, aws-kms:<key id, ARN or alias/NAME>, gcp-kms:projects/…/cryptoKeyVersions/N, or vault:[MOUNT/]KEY[:VERSION]',
    ],
    [
      { COUNTERSIGN_PERMIT_SIGNER: 'vault:permits' },
      'a signer in Vault needs VAULT_ADDR, and VAULT_TOKEN or VAULT_TOKEN_FILE',
    ],
    [{ VAULT_ADDR: 'vault:8200' }, 'VAULT_ADDR is a URL such as https://vault.example.com:8200'],
    [{ SLACK_API_URL: 'slack' }, 'SLACK_API_URL is a URL such as https://slack.com/api/'],
    [{ TEAMS_APP_ID: 'countersign' }, 'TEAMS_APP_ID is a GUID, such as 72f988bf-86f1-41af-91ab-2d7cd011db47'],
    [{ TEAMS_TENANT: GUID }, 'TEAMS_APP_ID, TEAMS_APP_SECRET and TEAMS_TENANT go together'],
    [{ TEAMS_APP_ID: GUID, TEAMS_APP_SECRET: 's' }, 'TEAMS_APP_ID, TEAMS_APP_SECRET and TEAMS_TENANT go together'],
    [
      { TEAMS_SERVICE_URLS: 'https://smba.trafficmanager.net/,http://smba.example/' },
      'the addresses of Teams are https, unless they are on this machine',
    ],
    [{ TEAMS_SERVICE_URLS: 'https://smba.trafficmanager.net' }, 'TEAMS_SERVICE_URLS.0 ends in /'],
  ];
  it.each(refused)('%j is refused: %s', (env, sentence) => {
    expect(refusalOf(env)).toBe(`the configuration cannot be used: ${sentence}`);
  });

  it('gets one sentence each when several are wrong', () => {
    expect(refusalOf({ COUNTERSIGN_PORT: 'x', DATABASE_URL: 'y', TEMPORAL_ADDRESS: 'z' }).split('; ')).toHaveLength(3);
  });

  it('is never repeated: it may be a secret', () => {
    const secret = 'hunter2-hunter2';
    const names = [
      'COUNTERSIGN_PORT',
      'COUNTERSIGN_URL',
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
      'SLACK_API_URL',
      'SLACK_APP_TOKEN',
    ];
    for (const name of names) expect(refusalOf({ [name]: `${secret} ` })).not.toContain('hunter2');
  });

  it('of somebody else is none of our business', () => {
    expect(loadConfig({ PORT: 'x', TEMPORAL_PROFILE: 'x' }).port).toBe(8787);
  });
});

describe('the first API key', () => {
  const LONG = 'k'.repeat(32);
  it.each([
    'k',
    'change-me',
    'secret',
    'csk_test',
    'k'.repeat(16),
    'k'.repeat(31),
    `${LONG} `,
    ` ${LONG}`,
    `${LONG}\n`,
    'k '.repeat(20),
  ])('%j is refused, and not repeated', (key) => {
    const said = refusalOf({ COUNTERSIGN_API_KEY: key });
    expect(said).toContain('COUNTERSIGN_API_KEY');
    expect(said).toMatch(/has at least 32 characters|has no space in it/);
    if (key.trim().length > 8) expect(said).not.toContain(key.trim());
  });

  it.each([LONG, 'k'.repeat(200), `csk_${'0123456789abcdef'.repeat(2)}`])('%s is taken', (key) => {
    expect(loadConfig({ COUNTERSIGN_API_KEY: key }).apiKey).toBe(key);
  });
});
