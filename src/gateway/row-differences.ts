/** Rows of the database that are not what the sealed records say, page by page. */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import { CountersignError } from '../contract/index.ts';
import type { RowDifferences } from '../contract/views/index.ts';
import { actionDifferences } from '../engine/action-rows.ts';
import type { Caller } from '../identity/index.ts';
import { credentialCommitments, rowDifferences, type RowChange, type RowDifference } from '../register/index.ts';
import { recordOf, type IndexedEntry } from '../store/index.ts';
import { fromBase64, hashOf, hashOfBytes } from '../canonical/index.ts';
import { mayReadLog } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { PUBLIC_USES, publicForm } from './keys.ts';

/** Actions, and entries of the log, of one page. */
const ACTIONS = 200;
const ENTRIES = 1000;
/** Actions that are compared concurrently. */
const CONCURRENT_MAX = 4;

/** Where a page begins: with the rights, after an action, or at an entry. */
type Cursor = { part: 'rights' } | { part: 'actions'; after: string } | { part: 'entries'; from: number };

const text = (cursor: Cursor): string => Buffer.from(plainText(cursor)).toString('base64url');

function plainText(cursor: Cursor): string {
  if (cursor.part === 'rights') return '';
  return cursor.part === 'entries' ? `e${cursor.from}` : `a${cursor.after}`;
}

function read(cursor: string | undefined): Cursor {
  if (cursor === undefined) return { part: 'rights' };
  const [, part, rest = ''] = /^([ae])(.{0,256})$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (part === 'a') return { part: 'actions', after: rest };
  if (part === 'e' && /^\d{1,15}$/.test(rest)) return { part: 'entries', from: Number(rest) };
  throw new CountersignError('invalid-request', 'the cursor is not one of ours; begin again without it');
}

/** One page: first the rows of rights, keys, bundles and limits, then those of actions, then the columns beside the log's entries. */
export async function listRowDifferences(
  deps: GatewayDeps,
  caller: Caller,
  cursor: string | undefined,
): Promise<RowDifferences> {
  if (!mayReadLog(caller)) {
    throw new CountersignError(
      'forbidden',
      'rows are compared with the records for auditors and owners; ask one of them',
    );
  }
  const { tenant } = caller;
  const at = read(cursor);
  const { differences, next } = await page(deps, tenant, at);
  // The database returns rows in no fixed order, and restored rows lie elsewhere.
  differences.sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return { at: deps.now().toISOString(), differences, next_cursor: next === null ? null : text(next) };
}

const place = ({ table, id, change, message }: RowDifference): string => [table, id, change, message].join(' ');

async function page(
  deps: GatewayDeps,
  tenant: string,
  at: Cursor,
): Promise<{ differences: RowDifference[]; next: Cursor | null }> {
  switch (at.part) {
    case 'rights':
      return { differences: await ofRights(deps, tenant), next: { part: 'actions', after: '' } };
    case 'actions': {
      const ids = await deps.store.actionRows.ids(tenant, at.after, ACTIONS);
      const last = ids.length < ACTIONS ? undefined : ids.at(-1);
      const differences = await ofActions(deps, tenant, ids);
      return {
        differences,
        next: last === undefined ? { part: 'entries', from: 0 } : { part: 'actions', after: last },
      };
    }
    case 'entries': {
      const entries = await deps.store.actionRows.entries(tenant, at.from, ENTRIES);
      const last = entries.length < ENTRIES ? undefined : entries.at(-1);
      return {
        differences: entries.flatMap(ofEntry),
        next: last === undefined ? null : { part: 'entries', from: last.index + 1 },
      };
    }
  }
}

async function ofRights(deps: GatewayDeps, tenant: string): Promise<RowDifference[]> {
  // Read the rows first: if one changes meanwhile, its record is already there.
  const rows = await deps.store.rightRows.all(tenant);
  const inForce = await deps.register.current(tenant);
  const commitments = (hash: string): string[] => credentialCommitments(deps.keys, tenant, hash);
  const totals = await deps.store.actionRows.wrongTotals(tenant);
  return [
    ...rowDifferences(inForce, rows, commitments, deps.now().getTime()),
    ...(await ofBundles(deps, tenant)),
    ...(await ofKeys(deps, tenant)),
    ...totals.map((slot) => differenceOf('limit_total', slot, 'altered', 'a limit counts other than what is reserved')),
  ];
}

const differenceOf = (
  table: RowDifference['table'],
  id: string,
  change: RowChange,
  message: string,
): RowDifference => ({ table, id, change, message });

/** A bundle that is not what its hash says is never evaluated. */
async function ofBundles(deps: GatewayDeps, tenant: string): Promise<RowDifference[]> {
  const differences: RowDifference[] = [];
  for (const hash of await deps.store.actionRows.bundles(tenant)) {
    if (hashOf(await deps.store.bundles.get(tenant, hash)) === hash) continue;
    differences.push(differenceOf('bundle', hash, 'altered', 'the stored bundle is another than its hash says'));
  }
  return differences;
}

/** Public keys as they are published, against those that the keys are made of. */
async function ofKeys({ store, keys }: GatewayDeps, tenant: string): Promise<RowDifference[]> {
  const say = (id: string, change: RowChange, message: string): RowDifference =>
    differenceOf('public_key', id, change, message);
  const rows = new Map((await store.publicKeys.list(tenant)).map((row) => [`${row.use}:${row.kid}`, row]));
  const differences: RowDifference[] = [];
  for (const use of PUBLIC_USES) {
    for (const { kid, jwk, pending, revoked } of keys.periods(tenant, use)) {
      const row = rows.get(`${use}:${kid}`);
      rows.delete(`${use}:${kid}`);
      if (pending) continue;
      if (row === undefined)
        differences.push(say(`${use}:${kid}`, 'removed', 'a key that signed is published no more'));
      else if (JSON.stringify(row.key) !== JSON.stringify(publicForm(tenant, use, jwk)))
        differences.push(say(`${use}:${kid}`, 'altered', 'another key would be published under its id'));
      else if (row.revokedFrom !== (revoked?.from ?? null))
        differences.push(say(`${use}:${kid}`, 'altered', 'it would be published as revoked otherwise than it was'));
    }
  }
  for (const id of rows.keys()) differences.push(say(id, 'inserted', 'a key that is none of ours would be published'));
  return differences;
}

/** In the order of their ids, although they are read concurrently. */
async function ofActions(deps: GatewayDeps, tenant: string, ids: readonly string[]): Promise<RowDifference[]> {
  const differences: RowDifference[][] = [];
  const rowDeps = { ...deps, commitments: deps.keys.commitments };
  const work = ids.entries();
  const lane = async (): Promise<void> => {
    for (const [index, id] of work) differences[index] = await actionDifferences(rowDeps, tenant, id);
  };
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, lane));
  return differences.flat();
}

/** Checks the columns that index an entry. The audit compares the entry itself with the tree. */
function ofEntry({ index, envelope, recordHash, ...columns }: IndexedEntry): RowDifference[] {
  const say = (message: string): RowDifference[] => [differenceOf('log_entry', String(index), 'altered', message)];
  try {
    const record = recordOf(envelope);
    const { payload } = JSON.parse(envelope.toString('utf8')) as { payload: string };
    const is: Record<string, unknown> = {
      action: record.action,
      seq: record.seq,
      type: record.type,
      hash: hashOfBytes(fromBase64(payload)),
      ...('surface' in record ? { surface: record.surface } : {}),
      ...(record.type === 'decision' ? { decision: record.decision, approver: whoDecided(record) } : {}),
    };
    const has: Record<string, unknown> = { ...columns, hash: `sha256:${recordHash.toString('hex')}` };
    const wrong = Object.keys(is).filter((name) => has[name] !== is[name]);
    return wrong.length === 0 ? [] : say(`it would be found, or not found, by another ${wrong.join(', ')}`);
  } catch {
    return say('it holds no record');
  }
}

const whoDecided = ({ via, by }: { via: string; by: string }): string | null => (via === ENGINE_VIA ? null : by);
