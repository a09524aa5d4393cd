import { CountersignError, readBounds, type Envelope, type Receipt, type RecordPayload } from '../contract/index.ts';
import { inTotoStatement, shownIn, signStatement, type RecordItem } from '../sealing/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import { readActionState } from '../engine/seal.ts';
import { shownOf } from '../notify/shown.ts';
import { mayAudit, mayReadLog, readsSome, visibleTo } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { RecordQuery, RecordPage, ShownAgain } from './types.ts';

const noRecord = (): CountersignError =>
  new CountersignError('not-found', 'there is no such record, or it is not yours to see');

async function mayRead(deps: GatewayDeps, caller: Caller, record: RecordPayload): Promise<boolean> {
  if (mayAudit(caller)) return true;
  // A record without a surface is for readers of the whole log.
  if (readsSome(caller)) return 'surface' in record && inScope(caller, record);
  const stored = await readActionState(deps, caller.tenant, record.action);
  if (stored === null) return false;
  try {
    visibleTo(caller, stored.state, stored.state.action);
    return true;
  } catch {
    return false;
  }
}

/** Sealed records, newest first. A scoped caller sees those of the surfaces and actors it may speak for. */
export async function listRecords(
  deps: GatewayDeps,
  caller: Caller,
  filter: RecordQuery,
  cursor: string | undefined,
  limit: number,
): Promise<RecordPage> {
  const between = readBounds(filter);
  const page = await deps.store.records.list(caller.tenant, { ...filter, ...between }, cursor, limit);
  const records: RecordItem[] = [];
  for (const { hash, index, record } of page.records) {
    const readable = mayAudit(caller) || (inScope(caller, record) && (await mayRead(deps, caller, record)));
    if (readable) records.push({ hash, index, record });
  }
  return { ...between, records, next_cursor: page.nextCursor };
}

function inScope(caller: Caller, record: RecordPayload): boolean {
  return !('surface' in record) || caller.surfaces.some((glob) => matchesSurface(glob, record.surface));
}

export async function readRecord(deps: GatewayDeps, caller: Caller, hash: string): Promise<RecordItem> {
  const stored = await deps.store.records.get(caller.tenant, hash);
  if (stored === null || !(await mayRead(deps, caller, stored.record))) throw noRecord();
  return { hash, index: stored.index, record: stored.record };
}

/** Records of one action, read in one query; no action has more. */
const RECORDS_MAX = 1000;

/** What was decided about a deployment, as a signed in-toto statement. @throws CountersignError `not-found` where nothing was */
export async function readStatement(deps: GatewayDeps, caller: Caller, hash: string): Promise<Envelope> {
  const { record } = await readRecord(deps, caller, hash);
  const { records } = await deps.store.records.list(caller.tenant, { action: record.action }, undefined, RECORDS_MAX);
  const until = records.filter((one) => one.record.seq <= record.seq).sort((a, b) => a.record.seq - b.record.seq);
  const statement = inTotoStatement(until);
  if (statement === null) {
    throw new CountersignError('not-found', 'statements are made of releases and refusals of `deploy.*`; this is none');
  }
  return signStatement(statement, deps.signers(caller.tenant).record);
}

export async function readReceipt(deps: GatewayDeps, caller: Caller, hash: string): Promise<Receipt> {
  if (!mayReadLog(caller)) await readRecord(deps, caller, hash);
  return deps.logReader.receipt(caller.tenant, hash);
}

export async function readShown(deps: GatewayDeps, caller: Caller, hash: string): Promise<ShownAgain> {
  const { record } = await readRecord(deps, caller, hash);
  const rendering = shownIn(record);
  if (rendering === null) {
    throw new CountersignError('not-found', 'this record seals nothing that was shown to anybody');
  }
  const models = await shownOf(deps, caller.tenant, record.action);
  if (models === null) {
    throw new CountersignError('conflict', 'what was shown was erased with the payload; only its hash is left');
  }
  return { record: hash, ...rendering, models };
}
