/**
 * Verifies actions in the page with the same code as the command line: receipts against keys, the chain of an action, the rules of its
 * life, and the row of the table against the records.
 */
import './no-eval.ts';
import type { ActionSummary } from '../../../contract/views/index.ts';
import type { Json } from '../../../contract/json.ts';
import type { RecordPayload } from '../../../contract/record.ts';
import { DEFAULT_FIELDS, fieldsOfBundle, moneyAfter, type Money } from '../../../export/money.ts';
import { GovernedAction } from '../../../evidence/governed.ts';
import { isEvidenceError } from '../../../ledger/error.ts';
import { listsNamed } from '../../../sealing/people.ts';
import { followKeys } from '../../../sealing/key-history.ts';
import { verifyPasskeyDecision } from '../../../sealing/assertion.ts';
import { readAssurance } from '../../../sealing/passkey.ts';
import { verifyReceipt, type VerifiedReceipt } from '../../../sealing/receipt.ts';
import { nobleVerify, type VerifySignature } from '../../../sealing/signer.ts';
import type { Trust } from '../../../sealing/trust.ts';
import { claimedBy, type Placed } from './claimed.ts';

export interface Check {
  passed: boolean;
  text: string;
}

export interface Verification {
  action: string;
  passed: boolean;
  checks: Check[];
}

/** The page's input: texts of the log, and receipts by hash. */
export interface Sources {
  receipt(hash: string): Promise<unknown>;
  /** The receipt of a passkey's enrolment; null where this reader may not read it. */
  enrolment(hash: string): Promise<unknown>;
  /** The canonical source of a bundle, which names the fields that hold money; null where it is not available. */
  bundle(hash: string): Promise<Json | null>;
}

/** Whether this page's browser checks signatures itself. Not over plain HTTP to another machine. */
export const engineOfPage = (): 'WebCrypto' | 'noble' =>
  globalThis.crypto?.subtle === undefined ? 'noble' : 'WebCrypto';

const buffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/** The browser's own cryptography, and ours where it has none, or does not know the curve. */
export const verifyInPage: VerifySignature = async (jwk, message, signature) => {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) return nobleVerify(jwk, message, signature);
  const { kty, crv, x, y } = jwk;
  const algorithm = crv === 'Ed25519' ? { name: 'Ed25519' } : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  let key: Awaited<ReturnType<typeof subtle.importKey>>;
  try {
    key = await subtle.importKey('jwk', { kty, crv, x, ...(y === undefined ? {} : { y }) }, algorithm, false, [
      'verify',
    ]);
  } catch {
    return nobleVerify(jwk, message, signature);
  }
  return subtle.verify(algorithm, key, buffer(signature), buffer(message)).catch(() => false);
};

/** Keys as the log publishes them, or as the reader pinned them; and their history. @throws EvidenceError */
export async function trustOf(keys: readonly unknown[], vkeys: readonly string[], history: unknown): Promise<Trust> {
  const trust: Trust = { recordKeys: keys, logKeys: vkeys };
  return history === null ? trust : (await followKeys(trust, history, { verify: verifyInPage })).trust;
}

const sayWhy = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The receipts of an action, each separately. */
async function receiptsOf(
  hashes: readonly string[],
  sources: Sources,
  trust: Trust,
): Promise<{ checks: Check[]; verified: VerifiedReceipt[] }> {
  const checks: Check[] = [];
  const verified: VerifiedReceipt[] = [];
  for (const hash of hashes) {
    try {
      const one = await verifyReceipt(await sources.receipt(hash), trust, { verify: verifyInPage });
      if (one.recordHash !== hash) {
        checks.push({ passed: false, text: `${hash}: the receipt is of another record, ${one.recordHash}` });
        continue;
      }
      verified.push(one);
      checks.push({
        passed: true,
        text: `Record ${one.record.seq}, ${one.record.type}: signed by ${one.keyid.slice(0, 12)}…, entry ${one.index} of the ${one.size} of ${one.origin}`,
      });
    } catch (error) {
      const reason = isEvidenceError(error) ? `${error.reason}: ` : '';
      checks.push({ passed: false, text: `${hash}: ${reason}${sayWhy(error)}` });
    }
  }
  return { checks, verified };
}

function chainChecks(id: string, verified: readonly VerifiedReceipt[]): Check[] {
  const broken = verified.find(({ record }, at) => {
    const before = verified[at - 1]?.recordHash ?? null;
    return record.action !== id || record.seq !== at || record.prev !== before;
  });
  const text = 'The records are one chain: none is missing between them, and none is of another action';
  return [
    broken === undefined
      ? { passed: true, text }
      : { passed: false, text: `Record ${broken.record.seq} (${broken.recordHash}) does not follow the one before it` },
  ];
}

/** Signatures of people's own passkeys, each against its enrolment in the log. */
async function passkeyChecks(
  verified: readonly VerifiedReceipt[],
  sources: Sources,
  trust: Trust,
): Promise<{ checks: Check[]; wrong: ReadonlySet<number> }> {
  const checks: Check[] = [];
  const wrong = new Set<number>();
  for (const { record } of verified) {
    if (record.type !== 'decision' || record.assurance === null) continue;
    const who = record.by.replace(/^user:/, '');
    try {
      const { enrolment } = readAssurance(record.assurance);
      const enrolled = await sources.enrolment(enrolment);
      if (enrolled === null) {
        const text = `Record ${record.seq}: signed by a passkey of ${who}; NOT CHECKED here, for its enrolment is for auditors to read`;
        checks.push({ passed: true, text });
        continue;
      }
      const receipt = await verifyReceipt(enrolled, trust, { verify: verifyInPage });
      const introduced = { record: receipt.record, hash: receipt.recordHash };
      await verifyPasskeyDecision(record, introduced, { verify: verifyInPage });
      checks.push({
        passed: true,
        text: `Record ${record.seq}: signed by the passkey of ${who}, which entry ${receipt.index} enrolled`,
      });
    } catch (error) {
      wrong.add(record.seq);
      const reason = isEvidenceError(error) ? `${error.reason}: ` : '';
      checks.push({ passed: false, text: `Record ${record.seq}: the passkey of ${who}: ${reason}${sayWhy(error)}` });
    }
  }
  return { checks, wrong };
}

function lifeChecks(verified: readonly VerifiedReceipt[], wrong: ReadonlySet<number>): Check[] {
  const [first, ...later] = verified.map(({ record }) => record);
  if (first?.type !== 'verdict') return [{ passed: false, text: 'The first record is no verdict' }];
  const life = new GovernedAction(first);
  const defects = later.flatMap((record) => life.next(record, !wrong.has(record.seq)));
  return defects.length === 0
    ? [
        {
          passed: true,
          text: 'Each step was allowed after the one before: nobody decided who may not, nothing was released without a yes',
        },
      ]
    : defects.map(({ message }) => ({ passed: false, text: message }));
}

/** The amounts that the records give, folded as the read model folds them. */
async function moneyOf(records: readonly RecordPayload[], sources: Sources): Promise<Money | null> {
  const [verdict] = records;
  const hash = verdict?.type === 'verdict' ? verdict.verdict.bundle : null;
  const source = hash === null ? null : await sources.bundle(hash);
  const fields = fieldsOfBundle(source);
  return records.reduce<Money | null>(
    (money, record) =>
      moneyAfter(money, record, ({ verdict: { policy } }) => fields.get(policy ?? '') ?? DEFAULT_FIELDS),
    null,
  );
}

/** If an action's lists of people are stored elsewhere, the checks that need those lists are skipped. */
const BY_PEOPLE: readonly (keyof ActionSummary)[] = ['status', 'endedAt', 'expiresAt'];

/** Each value of a row that differs from the records: its name, the row's value, the records' value. */
export function valueDifferences(
  row: ActionSummary,
  records: readonly Placed[],
  money: Money | null,
): [string, Json, Json][] {
  const claimed = claimedBy(records, money);
  if (claimed === null) return [];
  const open = records.some(({ record }) => listsNamed(record).length > 0) ? BY_PEOPLE : [];
  const flat = ({ amounts, ...rest }: ActionSummary): Record<string, Json> => ({
    ...rest,
    ...Object.fromEntries(Object.entries(amounts).map(([stage, amount]) => [`amount ${stage}`, amount])),
  });
  const said = flat(row);
  return Object.entries(flat(claimed))
    .filter(([name]) => !open.some((one) => one === name))
    .map(([name, sealed]): [string, Json, Json] => [name, said[name] ?? null, sealed])
    .filter(([, claim, sealed]) => claim !== sealed);
}

async function rowChecks(row: ActionSummary, verified: readonly VerifiedReceipt[], sources: Sources): Promise<Check[]> {
  const records = verified.map(({ record }) => record);
  const differing = valueDifferences(row, verified, await moneyOf(records, sources));
  return differing.length === 0
    ? [{ passed: true, text: 'The row of the table says what the records say' }]
    : differing.map(([name, said, sealed]) => ({
        passed: false,
        text: `The row says ${name} = ${JSON.stringify(said)}; the records say ${JSON.stringify(sealed)}`,
      }));
}

/** @param row null where there is none to compare with */
export async function verifyAction(
  { id, hashes, row }: { id: string; hashes: readonly string[]; row: ActionSummary | null },
  sources: Sources,
  trust: Trust,
): Promise<Verification> {
  const { checks, verified } = await receiptsOf(hashes, sources, trust);
  if (hashes.length === 0) checks.push({ passed: false, text: 'There is no record of it' });
  if (verified.length === hashes.length && hashes.length > 0) {
    const passkeys = await passkeyChecks(verified, sources, trust);
    checks.push(...passkeys.checks, ...chainChecks(id, verified), ...lifeChecks(verified, passkeys.wrong));
    if (row !== null) checks.push(...(await rowChecks(row, verified, sources)));
  }
  return { action: id, passed: checks.every(({ passed }) => passed), checks };
}
