/** The schema, as numbered steps that only go forward. A step that was released is never edited: a new one follows it. */
import { Migrator, sql, type Migration } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';
import * as first from './migrations/0001-first.ts';
import * as witnesses from './migrations/0002-witnesses.ts';
import * as keys from './migrations/0004-keys.ts';
import * as retention from './migrations/0005-retention.ts';
import * as passkeys from './migrations/0006-passkeys.ts';
import * as reviews from './migrations/0007-reviews.ts';
import * as attempts from './migrations/0065-attempts.ts';
import * as limitTotals from './migrations/0066-limit-totals.ts';
import * as bundleCases from './migrations/0067-bundle-cases.ts';
import * as postponed from './migrations/0070-postponed.ts';
import * as reversals from './migrations/0090-reversals.ts';
import * as actionFacts from './migrations/0110-action-facts.ts';
import * as inbox from './migrations/0135-inbox.ts';
import * as actionDay from './migrations/0138-action-day.ts';
import * as statements from './migrations/0137-statements.ts';
import * as findings from './migrations/0136-findings.ts';
import * as executions from './migrations/0078-executions.ts';
import * as sessions from './migrations/0080-sessions.ts';
import * as keyGroups from './migrations/0050-key-groups.ts';
import * as forget from './migrations/0260-forget.ts';
import * as schemaGeneration from './migrations/0170-schema-generation.ts';
import * as peopleLists from './migrations/0230-people-lists.ts';
import * as digests from './migrations/0320-digests.ts';
import * as factFacets from './migrations/0280-fact-facets.ts';
import * as savedViews from './migrations/0340-saved-views.ts';
import * as walkAmount from './migrations/0341-walk-amount.ts';
import * as teamsReach from './migrations/0350-teams-reach.ts';
import * as limitRetention from './migrations/0370-limit-retention.ts';
import * as slackPosts from './migrations/0390-slack-posts.ts';
import * as inlineRows from './migrations/0395-inline-rows.ts';
import * as factVacuum from './migrations/0420-fact-vacuum.ts';

const MIGRATIONS: Record<string, Migration> = {
  '0001-first': first,
  '0002-witnesses': witnesses,
  '0004-keys': keys,
  '0005-retention': retention,
  '0006-passkeys': passkeys,
  '0007-reviews': reviews,
  '0050-key-groups': keyGroups,
  '0065-attempts': attempts,
  '0066-limit-totals': limitTotals,
  '0067-bundle-cases': bundleCases,
  '0070-postponed': postponed,
  '0090-reversals': reversals,
  '0110-action-facts': actionFacts,
  '0135-inbox': inbox,
  '0136-findings': findings,
  '0137-statements': statements,
  '0138-action-day': actionDay,
  '0078-executions': executions,
  '0080-sessions': sessions,
  '0170-schema-generation': schemaGeneration,
  '0230-people-lists': peopleLists,
  '0260-forget': forget,
  '0280-fact-facets': factFacets,
  '0320-digests': digests,
  '0340-saved-views': savedViews,
  '0341-walk-amount': walkAmount,
  '0350-teams-reach': teamsReach,
  '0370-limit-retention': limitRetention,
  '0390-slack-posts': slackPosts,
  '0395-inline-rows': inlineRows,
  '0420-fact-vacuum': factVacuum,
};

/**
 * The generation of this schema: one more with each release that changes it. A release only adds (expand). The next one removes what is no
 * longer used (contract). So processes of a release and of the one before it run on one schema.
 */
const GENERATION = 1;

/** The generation that a database stores; null for an older or empty one. */
interface SchemaState {
  applied: ReadonlySet<string>;
  generation: { current: number; oldest: number } | null;
}

async function readState(db: Database): Promise<SchemaState> {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = current_schema() and table_name in ('kysely_migration', 'schema_generation')`.execute(db);
  const has = (name: string): boolean => tables.some((table) => table.name === name);
  const steps = has('kysely_migration')
    ? (await sql<{ name: string }>`select name from kysely_migration`.execute(db)).rows
    : [];
  const generations = has('schema_generation')
    ? (await sql<{ current: number; oldest: number }>`select current, oldest from schema_generation`.execute(db)).rows
    : [];
  return { applied: new Set(steps.map(({ name }) => name)), generation: generations[0] ?? null };
}

const missingOf = ({ applied }: SchemaState): string[] =>
  Object.keys(MIGRATIONS)
    .filter((name) => !applied.has(name))
    .sort();

/** Whether a newer release changed the schema, and says that this one may still run on it. */
function isNewerAndKind(state: SchemaState): boolean {
  const unknown = [...state.applied].some((name) => MIGRATIONS[name] === undefined);
  if (!unknown) return false;
  const { current, oldest } = state.generation ?? { current: GENERATION, oldest: GENERATION };
  if (current > GENERATION && oldest <= GENERATION) return true;
  throw new CountersignError(
    'configuration',
    'the database was written by a newer version of Countersign; run that version, or use another database',
  );
}

/**
 * Brings the schema up to this version: all missing steps in one transaction, under an advisory lock, so that processes that start
 * together wait for one another, and a crash leaves the schema unchanged. A schema of the next release is left alone.
 *
 * @returns The steps that were made, in their order.
 * @throws CountersignError `configuration` when the database was written by a newer version, or keeps no promise of durability.
 */
export async function migrate(db: Database): Promise<string[]> {
  await assertDurable(db);
  const before = await readState(db);
  if (isNewerAndKind(before)) return [];
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    allowUnorderedMigrations: true,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('the migrations failed', { cause: error });
  await sql`insert into schema_generation (current, oldest) values (${GENERATION}, ${GENERATION - 1})
    on conflict (one) do update set current = excluded.current, oldest = excluded.oldest
    where schema_generation.current < excluded.current`.execute(db);
  return results.map(({ migrationName }) => migrationName);
}

/**
 * Checks the schema without changing it, for processes whose database user may not.
 *
 * @returns The steps that are missing, in their order.
 * @throws CountersignError `configuration` when the database was written by a newer version that this one may not run beside.
 */
export async function missingSteps(db: Database): Promise<string[]> {
  await assertDurable(db);
  const state = await readState(db);
  return isNewerAndKind(state) ? [] : missingOf(state);
}

/** An answer is given only after its record is on disk. A server that may lose a committed transaction breaks that promise. */
async function assertDurable(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit')`.execute(
    db,
  );
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => `\`${name}\``);
  if (off.length > 0) {
    throw new CountersignError(
      'configuration',
      `the PostgreSQL server runs with ${off.join(' and ')} off and may lose answered records in a power cut; turn it on`,
    );
  }
}
