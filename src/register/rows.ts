/**
 * Compares rows with the sealed records. Rows grant nothing, so a wrong row allowed nothing. But it shows that somebody changed the
 * database, and an auditor wants to know that.
 */
import type { RowDifferences } from '../contract/views/index.ts';
import type { ApiKeyEntry } from '../identity/index.ts';
import type {
  BundleActivation as ActivationRow,
  Freeze,
  StoredApiKey,
  StoredDelegation,
  StoredPasskey,
} from '../store/index.ts';
import type { InForce } from './in-force.ts';

export type RowChange = 'inserted' | 'altered' | 'removed';

/** Tables whose rows are compared with the records. */
export type RowTable = RowDifferences['differences'][number]['table'];

/** One row that differs from the records. */
export interface RowDifference {
  table: RowTable;
  /**
   * The row's id. For an activation: the hash of the record that it names; for a permit or a reservation: its action; for a key: its use and
   * id; for an entry: its place in the log.
   */
  id: string;
  change: RowChange;
  /** What the row would have allowed, had it been trusted. */
  message: string;
}

export interface Rows {
  freezes: readonly Freeze[];
  delegations: readonly StoredDelegation[];
  apiKeys: readonly StoredApiKey[];
  passkeys: readonly StoredPasskey[];
  activations: readonly ActivationRow[];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Compares rows with what is in force by the records.
 *
 * @param commitments the possible commitments to a credential's hash
 * @param now milliseconds since the epoch
 */
export function rowDifferences(
  inForce: InForce,
  rows: Rows,
  commitments: (hash: string) => readonly string[],
  now: number,
): RowDifference[] {
  return [
    ...freezes(inForce, rows.freezes),
    ...delegations(inForce, rows.delegations, now),
    ...apiKeys(inForce, rows.apiKeys, commitments),
    ...passkeys(inForce, rows.passkeys),
    ...activations(inForce, rows.activations),
  ];
}

function freezes({ freezes: sealed, lifted }: InForce, rows: readonly Freeze[]): RowDifference[] {
  const say = (id: string, change: RowChange, message: string): RowDifference => ({
    table: 'freeze',
    id,
    change,
    message,
  });
  const differences: RowDifference[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, scope, value } of sealed.values()) {
    const row = byId.get(id);
    const what = scope === 'tenant' ? 'everything' : `the ${scope} ${value}`;
    if (row === undefined)
      differences.push(say(id, 'removed', `the row would have let ${what} go on, which is frozen`));
    else if (row.liftedAt !== null || row.scope !== scope || row.value !== value)
      differences.push(say(id, 'altered', `the row would have let ${what} go on, which is frozen`));
  }
  for (const { id, liftedAt } of rows) {
    if (liftedAt !== null || sealed.has(id)) continue;
    const message = lifted.has(id)
      ? 'the row says that it is frozen still, and it was lifted'
      : 'the row stops something, and no record says who stopped it';
    differences.push(say(id, lifted.has(id) ? 'altered' : 'inserted', message));
  }
  return differences;
}

function delegations(
  { delegations: sealed }: InForce,
  rows: readonly StoredDelegation[],
  now: number,
): RowDifference[] {
  const say = (id: string, change: RowChange, message: string): RowDifference => ({
    table: 'delegation',
    id,
    change,
    message,
  });
  const differences: RowDifference[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, from, to, surfaces, startsAt, endsAt, revokedAt } of sealed.values()) {
    const row = byId.get(id);
    const whom = `${to} decide for ${from}`;
    if (row === undefined) {
      if (endsAt > now) differences.push(say(id, 'removed', `the record that lets ${whom} has no row`));
      continue;
    }
    const fields = [row.from, row.to, row.surfaces, row.startsAt, row.endsAt, row.revokedAt === null];
    if (same(fields, [from, to, surfaces, startsAt, endsAt, revokedAt === null])) continue;
    const until = new Date(row.endsAt).toISOString();
    const message = `the row would have let ${row.to} decide for ${row.from} on ${row.surfaces.join(', ')} until ${until}`;
    differences.push(say(id, 'altered', message));
  }
  for (const { id, from, to, surfaces, endsAt, revokedAt } of rows) {
    if (sealed.has(id) || endsAt <= now || revokedAt !== null) continue;
    differences.push(say(id, 'inserted', `the row would have let ${to} decide for ${from} on ${surfaces.join(', ')}`));
  }
  return differences;
}

const scopeOf = ({ surfaces, actors, roles, groups }: Pick<ApiKeyEntry, 'surfaces' | 'actors' | 'roles' | 'groups'>) =>
  [surfaces, actors, roles, groups] as const;

function apiKeys(
  { credentials: sealed }: InForce,
  rows: readonly StoredApiKey[],
  commitments: (hash: string) => readonly string[],
): RowDifference[] {
  const say = (id: string, change: RowChange, message: string): RowDifference => ({
    table: 'api_key',
    id,
    change,
    message,
  });
  const differences: RowDifference[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const reach = (row: StoredApiKey): string =>
    `would have reached ${row.surfaces.join(', ') || 'no surface'} for ${row.actors.join(', ') || 'nobody'}`;
  for (const credential of sealed.values()) {
    // A session's row is in another table, and only says where to look.
    if (credential.kind === 'session') continue;
    const row = byId.get(credential.id);
    if (row === undefined) {
      if (credential.revokedAt === null)
        differences.push(say(credential.id, 'removed', 'the row of a live key is gone'));
      continue;
    }
    const fits =
      commitments(row.hash).includes(credential.commitment) &&
      same(scopeOf(row), scopeOf(credential)) &&
      (row.revokedAt === null) === (credential.revokedAt === null);
    if (!fits) differences.push(say(credential.id, 'altered', `the row ${reach(row)}`));
  }
  for (const row of rows) {
    if (sealed.has(row.id) || row.revokedAt !== null) continue;
    differences.push(say(row.id, 'inserted', `a key that nobody made ${reach(row)}`));
  }
  return differences;
}

function passkeys({ passkeys: sealed }: InForce, rows: readonly StoredPasskey[]): RowDifference[] {
  const say = (id: string, change: RowChange, message: string): RowDifference => ({
    table: 'passkey',
    id,
    change,
    message,
  });
  const differences: RowDifference[] = [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const { id, person, credential, enrolment, revokedAt } of sealed.values()) {
    const row = byId.get(id);
    if (row === undefined) {
      if (revokedAt === null) differences.push(say(id, 'removed', `the row of a passkey of ${person} is gone`));
      continue;
    }
    const fields = [row.person, row.credential, row.record, row.revokedAt === null];
    if (same(fields, [person, credential, enrolment.hash, revokedAt === null])) continue;
    differences.push(say(id, 'altered', `the row would have made the passkey of ${person} one of ${row.person}`));
  }
  for (const { id, person, revokedAt } of rows) {
    if (sealed.has(id) || revokedAt !== null) continue;
    differences.push(say(id, 'inserted', `a passkey that nobody brought in would have signed as ${person}`));
  }
  return differences;
}

function activations({ activations: sealed }: InForce, rows: readonly ActivationRow[]): RowDifference[] {
  const say = (id: string, change: RowChange, message: string): RowDifference => ({
    table: 'bundle_activation',
    id,
    change,
    message,
  });
  const known = new Map(sealed.map((one) => [one.record, one.bundle]));
  const differences: RowDifference[] = [];
  for (const { record, hash } of rows) {
    const bundle = known.get(record);
    if (bundle === undefined)
      differences.push(say(record, 'inserted', `the bundle ${hash} would have come into force`));
    else if (bundle !== hash) differences.push(say(record, 'altered', `the bundle ${hash} would have come into force`));
  }
  const there = new Set(rows.map(({ record }) => record));
  for (const { record, bundle } of sealed.filter((one) => !there.has(one.record))) {
    differences.push(say(record, 'removed', `the row of the bundle ${bundle} is gone, which came into force`));
  }
  return differences;
}
