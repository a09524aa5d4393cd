/** An action's records from the log. Each is used only after its signature was verified. */
import { BoundedMap, fromBase64, fromUtf8, hashOfBytes } from '../canonical/index.ts';
import { CountersignError, type Envelope, type RecordPayload } from '../contract/index.ts';
import { nodeVerify } from '../keys/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { decodeRecord, listsNamed, openEnvelope, parseEnvelope } from '../sealing/index.ts';
import type { LifeEntry } from '../store/index.ts';
import type { EngineDeps } from './deps.ts';
import { withPeople } from './people.ts';

export interface VerifiedRecord {
  /** `sha256:…` of the record. */
  hash: string;
  /** With the lists of people that it names by their hash. */
  record: RecordPayload;
  /** Hashes of these lists; left out where there are none. */
  named?: readonly string[];
}

/** Payloads, by hash, whose signature was made or verified in this process, and by which key. */
const known = new BoundedMap<string, string>(20_000);
/** Payloads, by hash, that this process has written or read as records: their bytes need no second look at their form. */
const wellFormed = new BoundedMap<string, true>(20_000);

/** Notes that this process has written the record of this hash, and signed it with the key `kid`. */
export function noteSigned(hash: string, kid: string): void {
  known.set(hash, kid);
  wellFormed.set(hash, true);
}

/**
 * All records of one action, oldest first.
 *
 * @throws CountersignError `invalid-evidence` when the database holds something other than what was sealed. Such records prove nothing.
 */
export const verifiedRecords = async (
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  tenant: string,
  id: string,
): Promise<VerifiedRecord[]> => verifyRecords(deps, tenant, id, await deps.store.records.ofAction(tenant, id));

/** {@link verifiedRecords} of an action whose entries were read. */
export async function verifyRecords(
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  tenant: string,
  id: string,
  entries: readonly LifeEntry[],
): Promise<VerifiedRecord[]> {
  const records: VerifiedRecord[] = [];
  for (const entry of entries) {
    const { hash, record } = await verified(deps, tenant, entry);
    const fits = record.tenant === tenant && record.action === id && record.seq === records.length;
    if (!fits || record.prev !== (records.at(-1)?.hash ?? null)) throw altered(id, 'a record of it is out of place');
    records.push({ hash, record });
  }
  const whole = await withPeople(
    deps,
    records.map(({ record }) => record),
  );
  return records.map(({ hash, record }, at) => {
    const named = listsNamed(record);
    return named.length === 0 ? { hash, record } : { hash, record: whole[at] ?? record, named };
  });
}

async function verified(
  deps: Pick<EngineDeps, 'signers'>,
  tenant: string,
  { envelope: bytes, index }: LifeEntry,
): Promise<VerifiedRecord> {
  const keys = deps.signers(tenant).recordKeysAt(index);
  try {
    const envelope: Envelope = parseEnvelope(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const payload = fromBase64(envelope.payload);
    const hash = hashOfBytes(payload);
    const kid = known.get(hash);
    if (kid === undefined || !keys.some((key) => key.kid === kid)) {
      const { key } = await openEnvelope(envelope, keys, nodeVerify);
      known.set(hash, key.kid);
    }
    return { hash, record: decoded(hash, payload) };
  } catch (error) {
    if (error instanceof SyntaxError || isEvidenceError(error)) throw altered(String(index), error.message, error);
    throw error;
  }
}

/** A fresh value each time, because a reader may change it. */
function decoded(hash: string, payload: Uint8Array): RecordPayload {
  if (wellFormed.get(hash) === true) return JSON.parse(fromUtf8(payload)) as RecordPayload;
  const record = decodeRecord(payload);
  wellFormed.set(hash, true);
  return record;
}

function altered(what: string, why: string, cause?: unknown): CountersignError {
  return new CountersignError(
    'invalid-evidence',
    `the database does not hold what was sealed (${what}: ${why}); nothing follows from it. run \`countersign audit\``,
    { cause },
  );
}
