import { sql } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import { createActionRowStore, type ActionRowStore } from './action-rows.ts';
import { createActionStore, type ActionStore } from './actions.ts';
import { createSessionStore, type SessionStore } from './sessions.ts';
import { createApiKeyStore, type ApiKeyStore } from './api-keys.ts';
import { createAttemptStore, type AttemptStore } from './attempts.ts';
import { createCoverageStore, type CoverageStore } from './coverage.ts';
import { createBundleStore, type BundleStore } from './bundles.ts';
import { openPostgres, type Postgres } from './postgres.ts';
import { createDelegationStore, type DelegationStore } from './delegations.ts';
import { createFactStore, type FactStore } from './facts.ts';
import { createDayStore, type DayStore } from './action-days.ts';
import { createDigestStore, type DigestStore } from './digests.ts';
import { createEffectStore, type EffectStore } from './effects.ts';
import { createFindingStore, type FindingStore } from './findings.ts';
import { createExecutionStore, type ExecutionStore } from './executions.ts';
import { createFreezeStore, type FreezeStore } from './freezes.ts';
import { createGaugeStore, type GaugeStore } from './gauges.ts';
import { createLifeStore, type LifeStore } from './lives.ts';
import { createLookStore, type LookStore } from './looks.ts';
import { createLimitStore, type LimitStore } from './limits.ts';
import { createLimitUseStore, type LimitUseStore } from './limits-in-use.ts';
import { createLogStore, type LogStore } from './log.ts';
import { migrate, missingSteps } from './migrate.ts';
import { createPasskeyStore, type PasskeyStore } from './passkeys.ts';
import { createPeopleStore, type PeopleStore } from './people.ts';
import { createPayloadStore, type PayloadCipher, type PayloadStore } from './payloads.ts';
import { createForgetStore, type ForgetStore } from './forget.ts';
import { createPublicKeyStore, type PublicKeyStore } from './public-keys.ts';
import { createRecordStore, type RecordStore } from './records.ts';
import { createReviewStore, type ReviewStore } from './reviews.ts';
import { createRightRowStore, type RightRowStore } from './right-rows.ts';
import { createSavedViewStore, type SavedViewStore } from './saved-views.ts';
import { createSlackMessageStore, type SlackMessageStore } from './slack-messages.ts';
import { createSlackPostStore, type SlackPostStore } from './slack-posts.ts';
import { createTeamsReachStore, type TeamsReachStore } from './teams-reach.ts';
import { createWitnessedStore, type WitnessedStore } from './witnessed.ts';

/**
 * Everything that is stored outside Temporal. Every method fails closed with CountersignError `unavailable` when the database cannot be
 * reached. What a method did is on disk when it resolves; where it says otherwise, it is on disk before any record that depends on it.
 */
export interface Store {
  payloads: PayloadStore;
  actions: ActionStore;
  forgetting: ForgetStore;
  limits: LimitStore;
  limitUse: LimitUseStore;
  apiKeys: ApiKeyStore;
  sessions: SessionStore;
  savedViews: SavedViewStore;
  slackMessages: SlackMessageStore;
  slackPosts: SlackPostStore;
  teamsReach: TeamsReachStore;
  digests: DigestStore;
  attempts: AttemptStore;
  coverage: CoverageStore;
  bundles: BundleStore;
  executions: ExecutionStore;
  freezes: FreezeStore;
  gauges: GaugeStore;
  lives: LifeStore;
  looks: LookStore;
  facts: FactStore;
  findings: FindingStore;
  effects: EffectStore;
  days: DayStore;
  delegations: DelegationStore;
  reviews: ReviewStore;
  passkeys: PasskeyStore;
  people: PeopleStore;
  rightRows: RightRowStore;
  actionRows: ActionRowStore;
  publicKeys: PublicKeyStore;
  records: RecordStore;
  /** Written by the sequencer only. */
  log: LogStore;
  witnessed: WitnessedStore;
  /** Brings the schema up to this version; this or `assertMigrated` comes before anything else. @throws CountersignError `configuration` */
  migrate(): Promise<void>;
  /** @throws CountersignError `configuration` where the schema is not of this version, or of the next one. */
  assertMigrated(): Promise<void>;
  /** Resolves when the database answers, rejects within a second when it does not. */
  ping(): Promise<void>;
  /** What PostgreSQL's clock says, in milliseconds since the epoch. */
  time(): Promise<number>;
  /** Waits for running queries, then closes every connection. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://…` */
  connectionString: string;
  cipher: PayloadCipher;
  /** Connections at most, beside the four for sealing. @default 10 */
  poolSize?: number;
}

/** Connects. @throws CountersignError `configuration` for a bad address or refused sign-in, `unavailable` when nobody answers. */
export async function openStore({ connectionString, cipher, poolSize = 10 }: StoreOptions): Promise<Store> {
  if (!/^postgres(ql)?:\/\//.test(connectionString)) {
    throw new CountersignError('configuration', 'DATABASE_URL is not a `postgres://` address; correct it');
  }
  const postgres = openPostgres(connectionString, poolSize);
  const { db } = postgres;
  const ping = async (): Promise<void> => {
    await postgres.query({ name: 'ping', text: 'select 1', values: [] });
  };
  try {
    await ping();
  } catch (error) {
    await postgres.close();
    throw signInRefused(error) ?? error;
  }
  return {
    payloads: createPayloadStore(postgres, cipher),
    actions: createActionStore(postgres),
    forgetting: createForgetStore(db),
    limits: createLimitStore(postgres),
    limitUse: createLimitUseStore(db),
    apiKeys: createApiKeyStore(db),
    sessions: createSessionStore(db),
    savedViews: createSavedViewStore(db),
    slackMessages: createSlackMessageStore(postgres),
    slackPosts: createSlackPostStore(postgres),
    teamsReach: createTeamsReachStore(db),
    digests: createDigestStore(db),
    attempts: createAttemptStore(db),
    coverage: createCoverageStore(db),
    bundles: createBundleStore(db),
    executions: createExecutionStore(db),
    freezes: createFreezeStore(db),
    gauges: createGaugeStore(db),
    lives: createLifeStore(postgres, cipher),
    looks: createLookStore(postgres),
    facts: createFactStore(db),
    findings: createFindingStore(db),
    effects: createEffectStore(db),
    days: createDayStore(db),
    delegations: createDelegationStore(db),
    reviews: createReviewStore(db),
    passkeys: createPasskeyStore(db),
    people: createPeopleStore(db),
    rightRows: createRightRowStore(db),
    actionRows: createActionRowStore(db),
    publicKeys: createPublicKeyStore(db),
    records: createRecordStore(db),
    log: createLogStore(postgres),
    witnessed: createWitnessedStore(db),
    migrate: async () => void (await migrate(db)),
    assertMigrated: () => assertMigrated(db),
    ping: () => postgres.check(),
    async time() {
      const { rows } = await sql<{ ms: number }>`
        select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(db);
      const [row] = rows;
      if (row === undefined) throw new CountersignError('unavailable', 'PostgreSQL does not say what time it is');
      return row.ms;
    },
    close: () => postgres.close(),
  };
}

async function assertMigrated(db: Postgres['db']): Promise<void> {
  const missing = await missingSteps(db);
  if (missing.length === 0) return;
  throw new CountersignError(
    'configuration',
    `the database lacks ${missing.length} steps of its schema, from ${missing[0]} on; run \`countersign migrate\` first`,
  );
}

/** SQLSTATE 28 (sign-in) and 3D (no such database), in words that hold no password. */
function signInRefused(error: unknown): CountersignError | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^(28|3D)/.test(code)) return null;
  const what = code.startsWith('28') ? 'refused the user or password of' : 'has no database of the name in';
  return new CountersignError('configuration', `the PostgreSQL server ${what} DATABASE_URL; correct it`, {
    cause: error,
  });
}
