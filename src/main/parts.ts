/** Composition: the parts of every process of a stack, whether it runs API, worker or Slack. */
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { createPolicyBundles } from '../engine/compiled-bundles.ts';
import type { WebhookEndpoint } from '../engine/deps.ts';
import type { Connectors } from '../engine/connectors.ts';
import type { NotifyDeps } from '../notify/deps.ts';
import { createHub, type Hub } from '../engine/hub.ts';
import type { Notifier } from '../notify/notifier.ts';
import { createAlarm, type Alarm } from '../notify/alarm.ts';
import { createWebhookSender, type WebhookSender } from '../notify/webhook-sender.ts';
import {
  createAttestor,
  createAuthenticator,
  createIssuers,
  createSignals,
  createSignIn,
  watchDirectory,
  type Attestor,
  type DirectoryFile,
  type DirectorySource,
  type OnCall,
  type Signals,
  type SignIn,
} from '../identity/index.ts';
import { createPayloadCodec, openFileKeys, type Keys } from '../keys/index.ts';
import { createDirectories, createRegister, markFiles, sealedCredentials, type Register } from '../register/index.ts';
import {
  createFindingWatch,
  createLogWatch,
  createReadModel,
  type FindingWatch,
  type LogWatch,
  type ReadModel,
} from '../projection/index.ts';
import { createLogReader, createSequencer, type LogReader, type Sequencer } from '../sequencer/index.ts';
import { openStore, type Store } from '../store/index.ts';
import { servingEngines } from '../policy/engines/index.ts';
import { createClock } from './clock.ts';
import type { Config } from './config.ts';
import { requestId } from '../api/request-id.ts';
import { createAdvisers } from '../connectors/index.ts';
import type { Advisers } from '../engine/advisers.ts';
import { readAdvisers } from './advisers.ts';
import { readConnectors } from './connectors.ts';
import { createLogStream } from './log-stream.ts';
import { measuredNotifier, measuredSequencer, measuredWebhooks } from './metrics/measured.ts';
import { createMeters, type Meters } from './metrics/meters.ts';
import { traceId } from './tracing/span.ts';
import { tracedNotifier, tracedSequencer, tracedWebhooks } from './tracing/traced.ts';
import { readOnCall } from './oncall.ts';
import { packageVersion } from './package-folder.ts';
import { siteOf } from './passkey-site.ts';
import { DIRECTORY_FILE } from './policies.ts';
import { readIssuers, readSignals, readSignIn } from './issuers.ts';
import { readTenants, type TenantSettings } from './tenants.ts';
import { readEndpoints } from './webhooks.ts';
import { readSharing, type Sharing } from './witnesses.ts';

export interface Parts {
  config: Config;
  log: Logger;
  meters: Meters;
  /** Of Countersign. */
  version: string;
  /** `iss` of every permit. */
  issuer: string;
  store: Store;
  keys: Keys;
  sequencer: Sequencer;
  register: Register;
  /** Reads the log: checkpoints, tiles, entries, receipts. */
  logReader: LogReader;
  /** The read model. */
  readModel: ReadModel;
  /** What the finance tests find in it. */
  findingWatch: FindingWatch;
  /** Whether the logs verify. */
  logWatch: LogWatch;
  directory: DirectorySource;
  bundles: NotifyDeps['bundles'];
  hub: Hub;
  /** The time, which a wrong clock of this machine does not move. */
  now(): Date;
  attestor: Attestor;
  authenticate: ReturnType<typeof createAuthenticator>;
  codec: ReturnType<typeof createPayloadCodec>;
  endpoints: readonly WebhookEndpoint[];
  signIn: SignIn;
  signals: Signals;
  alarm: Alarm;
  connectors: Connectors;
  oncall: OnCall;
  advisers: Advisers;
  passkeys: NotifyDeps['passkeys'];
  /** Tenants in the settings file. */
  tenants: readonly TenantSettings[];
  /** Witnesses and anchors. */
  sharing: Sharing;
  close(): Promise<void>;
}

/** Log lines hold nothing that identifies or authorizes. Each names the id of its request, and its trace where one is kept. */
export function createLogger(level: string, onDropped?: () => void): Logger {
  return pino(
    {
      level,
      mixin: () => {
        const id = requestId();
        const trace = traceId();
        return { ...(id === undefined ? {} : { requestId: id }), ...(trace === undefined ? {} : { traceId: trace }) };
      },
      redact: {
        paths: [
          '*.authorization',
          '*.token',
          '*.permit',
          '*.attestation',
          '*.secret',
          '*.password',
          'req.headers',
          '*.connectionString',
        ],
        censor: '[redacted]',
      },
    },
    createLogStream(onDropped === undefined ? {} : { onDropped }),
  );
}

/**
 * Opens everything but Temporal and Slack. The store is migrated before anything reads it.
 *
 * @param options.url Where this process serves, if it does. Its public address comes from the settings.
 */
export async function openParts(
  config: Config,
  connectionString: string,
  log: Logger,
  { url = null, meters = createMeters() }: { url?: string | null; meters?: Meters } = {},
): Promise<Parts> {
  const endpoints = readEndpoints(config.webhooks);
  const tenants = readTenants(config.tenants);
  const sharing = readSharing({ file: config.witnesses, targets: config.webhooks.targets });
  const connectors = readConnectors(config.connectors);
  const oncall = readOnCall(config.oncall);
  const advisers = readAdvisers(config.advisers);
  const address = config.origin ?? config.publicUrl ?? url;
  const keys = await openFileKeys(config.dataDir, config.keys);
  const store = await openStore({ connectionString, cipher: keys.payloadCipher });
  try {
    await (config.migrate === 'start' ? store.migrate() : store.assertMigrated());
    const sequencer = tracedSequencer(
      measuredSequencer(createSequencer({ store, keys, onAppend: meters.appended }), meters),
      log,
    );
    const marks = markFiles(config.dataDir);
    const register = createRegister({
      store,
      keys,
      marks,
      onUnmarked: (tenant, error) =>
        log.warn({ err: error, tenant }, 'how far the log was read could not be kept; the next start reads it anew'),
    });
    const watch = (file: string): DirectoryFile =>
      watchDirectory(file, {
        onProblems: (problems) =>
          log.error({ problems }, 'the directory file is broken; the last good one stays in force'),
      });
    const tenantDirectories = tenants.flatMap(({ name, directory: file }) =>
      file === null ? [] : [[name, watch(file)] as const],
    );
    const files = { stack: watch(join(config.policiesDir, DIRECTORY_FILE)), ofTenants: new Map(tenantDirectories) };
    const directory = createDirectories(files, register);
    const clock = createClock({ theirs: () => store.time(), log });
    await clock.compare();
    const now = (): Date => clock.now();
    const ms = (): number => clock.now().getTime();
    const credentials = sealedCredentials({ store, register, keys, now: ms });
    const attestationKeys = (): readonly object[] => keys.attestationKeys;
    const logReader = createLogReader({ store, keys });
    const bundles = createPolicyBundles({ store, register }, servingEngines);
    return {
      config,
      log,
      meters,
      version: packageVersion(),
      issuer: config.issuer,
      store,
      keys,
      sequencer,
      register,
      logReader,
      readModel: createReadModel(store),
      directory,
      findingWatch: createFindingWatch({ store, compiled: (tenant, hash) => bundles.compiled(tenant, hash) }),
      logWatch: createLogWatch({ logReader, keys, now }),
      bundles,
      hub: createHub(),
      now,
      attestor: createAttestor(() => keys.attestation, ms, attestationKeys),
      authenticate: createAuthenticator({
        apiKeys: credentials,
        directory,
        attestationKeys,
        now: ms,
        issuers: createIssuers(readIssuers(config.issuers), { fetch: globalThis.fetch, now: ms }),
        hasTenant: (name) => register.hasTenant(name),
      }),
      codec: createPayloadCodec(keys),
      endpoints,
      signals: createSignals(readSignals(config.issuers), { fetch: globalThis.fetch, now: ms }),
      signIn: createSignIn(readSignIn(config.issuers), ms),
      alarm: createAlarm({ endpoints, webhooks: webhooksOf({ config, keys, meters }), log, now }),
      tenants,
      connectors,
      oncall,
      advisers: createAdvisers(advisers, () => keys.webhookSecrets.signing(new Date())),
      sharing,
      passkeys: address === null ? null : siteOf(address),
      async close() {
        marks.flush();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The Slack notifier of a tenant; null where there is none. */
export type Notifiers = (tenant: string) => Notifier | null;

const webhooksOf = ({ config, keys, meters }: Pick<Parts, 'config' | 'keys' | 'meters'>): WebhookSender =>
  tracedWebhooks(
    measuredWebhooks(
      createWebhookSender({ secrets: () => keys.webhookSecrets.signing(new Date()), targets: config.webhooks.targets }),
      meters,
    ),
  );

export function activityDeps(parts: Parts, notifier: Notifiers | null, consoleUrl: string | null): NotifyDeps {
  const { store, sequencer, register, bundles, directory, hub, log, keys } = parts;
  return {
    store,
    sequencer,
    register,
    bundles,
    directory,
    hub,
    log,
    notifier: (tenant) => {
      const one = notifier?.(tenant) ?? null;
      return one === null ? null : tracedNotifier(measuredNotifier(one, parts.meters));
    },
    consoleUrl,
    attestor: parts.attestor,
    issuer: parts.config.issuer,
    signers: (tenant) => keys.forTenant(tenant),
    authenticate: (token) => parts.authenticate(token),
    attestation: () => keys.attestation,
    commitments: keys.commitments,
    openStart: (jwe) => keys.starts.open(jwe),
    webhooks: webhooksOf(parts),
    endpoints: parts.endpoints,
    connectors: parts.connectors,
    oncall: parts.oncall,
    advisers: parts.advisers,
    passkeys: parts.passkeys,
    now: () => parts.now(),
  };
}
