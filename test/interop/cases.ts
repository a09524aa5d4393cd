/** Cases for the Go program: evidence made by our code, right and tampered with. */
import { canonicalize, toBase64, toHex, utf8 } from '../../src/canonical/index.ts';
import { DOORS, type DecisionRecord, type Receipt } from '../../src/contract/index.ts';
import { consistencyProof, cosign, formatNote, formatVkey, inclusionProof, parseNote } from '../../src/ledger/index.ts';
import { commitment, encodeRecord, saltFor, signPermit } from '../../src/sealing/index.ts';
import { MemoryLog } from '../ledger/memory-log.ts';
import {
  actionKey,
  chain,
  decisionRecord,
  ed25519Signer,
  es256Signer,
  noteSigner,
  sealedWorld,
  verdictRecord,
} from '../sealing/fixtures.ts';
import { keyVectors, type KeyVectors } from '../vectors/build/keys.ts';
import { PERMIT } from '../vectors/build/sealing.ts';

export interface Case {
  kind: string;
  [member: string]: unknown;
}

/** Cases by name. Those whose name begins with `bad-` are to be refused. */
export interface Cases {
  cases: Record<string, Case>;
  /** Files of logs, by folder and path. */
  files: Record<string, Map<string, Uint8Array>>;
}

const note = noteSigner('countersign/default');
const logKey = formatVkey(note.key);

/** The same decision through each door, with what is sealed of a click in Teams. */
function decisionsByDoor(): DecisionRecord[] {
  const decision = decisionRecord(encodeRecord(verdictRecord).hash);
  const inTeams = { workspace: 'teams:72f988bf-86f1-41af-91ab-2d7cd011db47', user: 'u', channel: 'a:u', message: 'm' };
  return DOORS.map((via) => ({ ...decision, via, slack: via === 'teams' ? inTeams : null }));
}

async function receiptCases(): Promise<Record<string, Case>> {
  const cases: Record<string, Case> = {};
  for (const record of [ed25519Signer('record'), es256Signer('record')]) {
    const records = chain();
    const { receipts } = await sealedWorld(records, { record, others: 300 });
    const keys = { kind: 'receipt', recordKeys: [record.publicJwk], logKeys: [logKey] };
    records.forEach((one, i) => {
      cases[`receipt-${record.algorithm}-${one.type}`] = {
        ...keys,
        receipt: receipts[i],
        recordHash: encodeRecord(one).hash,
      };
    });
    const byDoor = decisionsByDoor();
    const ofDoors = await sealedWorld(byDoor, { record });
    byDoor.forEach((one, i) => {
      cases[`receipt-${record.algorithm}-decided-in-${one.via}`] = {
        ...keys,
        receipt: ofDoors.receipts[i],
        recordHash: encodeRecord(one).hash,
      };
    });
    const [first, second] = receipts as [Receipt, Receipt];
    const good = { ...keys, receipt: first, recordHash: encodeRecord(records[0] as (typeof records)[0]).hash };
    const log = (part: Partial<Receipt['log']>): Case => ({
      ...good,
      receipt: { ...first, log: { ...first.log, ...part } },
    });
    const bad = {
      place: log({ index: first.log.index + 1 }),
      proof: log({ inclusion: second.log.inclusion }),
      origin: log({ origin: 'countersign/other' }),
      checkpoint: log({ checkpoint: first.log.checkpoint.replace('\n305\n', '\n306\n') }),
      payload: { ...good, receipt: { ...first, envelope: { ...first.envelope, payload: second.envelope.payload } } },
      hash: { ...good, recordHash: encodeRecord(records[1] as (typeof records)[0]).hash },
      'record-key': { ...good, recordKeys: [ed25519Signer('stranger').publicJwk] },
      'log-key': { ...good, logKeys: [formatVkey(noteSigner('countersign/other').key)] },
    };
    for (const [name, one] of Object.entries(bad)) cases[`bad-receipt-${record.algorithm}-${name}`] = one;
  }
  return cases;
}

async function logCases(): Promise<Cases> {
  const cases: Record<string, Case> = {};
  const files: Cases['files'] = {};
  const entry = (i: number): Uint8Array => utf8(canonicalize({ entry: i }));
  const checkpoints = new Map<number, string>();
  const log = new MemoryLog();
  for (const size of [1, 2, 255, 256, 257, 700, 66_000]) {
    log.appendAll(Array.from({ length: size - log.size }, (_, i) => entry(log.size + i)));
    const checkpoint = await log.checkpoint(note.key, note.sign);
    checkpoints.set(size, checkpoint);
    cases[`checkpoint-${size}`] = { kind: 'checkpoint', note: checkpoint, logKey, size, root: toHex(log.root) };
    for (const [old, before] of checkpoints) {
      const proof = (await consistencyProof(old, size, log.reader())).map(toBase64);
      const one = { kind: 'consistency', old: before, new: checkpoint, logKey, proof };
      cases[`consistency-${old}-${size}`] = one;
      if (proof.length > 0) cases[`bad-consistency-${old}-${size}`] = { ...one, proof: proof.slice(1) };
    }
    if (size < 257) continue;
    const [index, oldSize] = [Math.floor(size / 3), 256];
    files[`log-${size}`] = await log.files();
    cases[`tiles-${size}`] = {
      kind: 'tiles',
      dir: `log-${size}`,
      checkpoint,
      logKey,
      index,
      oldSize,
      inclusion: (await inclusionProof(index, size, log.reader())).map(toBase64),
      consistency: (await consistencyProof(oldSize, size, log.reader())).map(toBase64),
    };
  }
  const rewritten = new MemoryLog();
  rewritten.appendAll(Array.from({ length: 700 }, (_, i) => entry(i === 100 ? -1 : i)));
  cases['bad-consistency-rewritten'] = {
    kind: 'consistency',
    old: checkpoints.get(257),
    new: await rewritten.checkpoint(note.key, note.sign),
    logKey,
    proof: (await consistencyProof(257, 700, rewritten.reader())).map(toBase64),
  };
  files['log-rewritten'] = await rewritten.files();
  cases['bad-tiles-rewritten'] = { ...(cases['tiles-700'] as Case), dir: 'log-rewritten' };
  const flipped = new Map(files['log-700']);
  flipped.set(
    'tile/entries/001',
    (flipped.get('tile/entries/001') as Uint8Array).map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
  );
  files['log-flipped'] = flipped;
  cases['bad-tiles-entry-flipped'] = { ...(cases['tiles-700'] as Case), dir: 'log-flipped' };

  const witness = noteSigner('witness.example/w1', 'witness');
  const time = 1_795_255_200;
  const { text, signatures } = parseNote(checkpoints.get(700) ?? '');
  const cosigned = formatNote(text, [...signatures, await cosign(text, witness.key, time, witness.sign)]);
  const seen = {
    ...(cases['checkpoint-700'] as Case),
    note: cosigned,
    witness: { key: formatVkey(witness.key), time },
  };
  cases['checkpoint-cosigned'] = seen;
  cases['bad-checkpoint-cosigned-then'] = { ...seen, witness: { ...seen.witness, time: time + 1 } };
  cases['bad-checkpoint-size'] = {
    ...(cases['checkpoint-700'] as Case),
    note: (checkpoints.get(700) ?? '').replace('\n700\n', '\n701\n'),
  };
  return { cases, files };
}

async function permitCases(): Promise<Record<string, Case>> {
  const cases: Record<string, Case> = {};
  for (const signer of [ed25519Signer('permit'), es256Signer('permit')]) {
    const token = await signPermit(PERMIT, signer);
    const one = { kind: 'permit', token, keys: [signer.publicJwk], now: PERMIT.iat, audience: PERMIT.aud };
    const [head = '', , sig = ''] = token.split('.');
    const other = await signPermit({ ...PERMIT, act: 'act_2' }, signer);
    cases[`permit-${signer.algorithm}`] = one;
    cases[`bad-permit-${signer.algorithm}-claims`] = { ...one, token: `${head}.${other.split('.')[1] ?? ''}.${sig}` };
    cases[`bad-permit-${signer.algorithm}-audience`] = { ...one, audience: 'payments' };
    cases[`bad-permit-${signer.algorithm}-expired`] = { ...one, now: PERMIT.exp };
    cases[`bad-permit-${signer.algorithm}-key`] = { ...one, keys: [ed25519Signer('stranger').publicJwk] };
  }
  return cases;
}

function commitmentCases(): Record<string, Case> {
  const path = 'params.customer.name';
  const salt = saltFor(actionKey, path);
  const one = {
    kind: 'commitment',
    salt: toHex(salt),
    path,
    canonical: '"Zo\u00eb"',
    commitment: commitment(salt, path, 'Zo\u00eb'),
  };
  return { commitment: one, 'bad-commitment': { ...one, canonical: '"Zoe"' } };
}

/** A key history, and what was sealed before, during and after it. */
async function historyCases(): Promise<Record<string, Case>> {
  const { trust, history, receipts, refused, nothing } = (await keyVectors()) as KeyVectors;
  const one = { kind: 'history', ...trust, history, receipt: receipts[1]?.receipt };
  const cases: Record<string, Case> = {};
  for (const { name, receipt, reason } of receipts) {
    cases[`${reason === null ? '' : 'bad-'}history-${name.replaceAll(' ', '-')}`] = { ...one, receipt };
  }
  for (const { name, history: altered } of refused) {
    cases[`bad-history-${name.replaceAll(' ', '-')}`] = { ...one, history: altered };
  }
  cases['bad-history-of-strangers'] = { ...one, ...nothing[0]?.trust };
  cases['bad-history-left-out'] = { ...one, history: { ...history, receipts: [] } };
  return cases;
}

export async function makeCases(): Promise<Cases> {
  const { cases, files } = await logCases();
  return {
    cases: {
      ...(await receiptCases()),
      ...cases,
      ...(await permitCases()),
      ...(await historyCases()),
      ...commitmentCases(),
    },
    files,
  };
}
