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
import * as executions from './migrations/0078-executions.ts';
import * as sessions from './migrations/0080-sessions.ts';
import * as keyGroups from './migrations/0050-key-groups.ts';

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
  '0078-executions': executions,
  '0080-sessions': sessions,
};

/**
 * Brings the schema up to this version: all missing steps in one transaction, under an advisory lock, so that processes that start
 * at once wait for one another and a crash leaves the schema as it was.
 *
 * @throws CountersignError `configuration` when the database was written by a newer version, or keeps no promise of durability.
 */
export async function migrate(db: Database): Promise<void> {
  await assertDurable(db);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    allowUnorderedMigrations: true,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new CountersignError(
      'configuration',
      'the database was written by a newer version of Countersign; run that version, or use another database',
      { cause: error },
    );
  }
  throw error instanceof Error ? error : new Error('the migrations failed', { cause: error });
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
