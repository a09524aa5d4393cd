import type { OtherRecord, Receipt, RecordPayload } from '../../../src/contract/index.ts';
import { formatVkey, inclusionProof, NOTE_ALGORITHMS, noteKey } from '../../../src/ledger/index.ts';
import {
  encodeRecord,
  envelopeBytes,
  followKeys,
  KEY_CHAIN,
  KEY_HISTORY_KIND,
  keyBody,
  kidOfVkey,
  makeReceipt,
  signEnvelope,
  type FollowedKeys,
  type KeyChange,
  type Signer,
  type Trust,
} from '../../../src/sealing/index.ts';
import { MemoryLog } from '../../ledger/memory-log.ts';
import { ed25519Signer, es256Signer, noteSigner, verdictRecord, type NoteSigner } from '../../sealing/fixtures.ts';

const ORIGIN = 'countersign/default';

/** What `keys.json` holds. */
export interface KeyVectors {
  about: string;
  trust: Trust;
  history: { kind: string; origin: string; keys: unknown[]; receipts: (Receipt | undefined)[] };
  followed: FollowedKeys;
  receipts: { name: string; receipt: Receipt; reason: string | null }[];
  /** Histories that say nothing to these keys. */
  nothing: { name: string; trust: Trust; history: unknown }[];
  refused: { name: string; history: unknown; reason: string }[];
}

/** A log of one tenant whose keys change: each entry's receipt is made when it is sealed, under the log key of that time. */
export async function keyVectors(): Promise<KeyVectors> {
  const world = new MemoryLog();
  const [first, second] = [ed25519Signer('record'), es256Signer('record')];
  const { key: other, sign } = noteSigner(`${ORIGIN}-second`);
  const logs = [
    noteSigner(ORIGIN),
    { key: noteKey(ORIGIN, NOTE_ALGORITHMS.ed25519, other.publicKey), sign },
  ] as const;
  const vkeys = logs.map(({ key }) => formatVkey(key));
  const chain: string[] = [];

  const seal = async (record: RecordPayload, by: Signer, log: NoteSigner): Promise<Receipt> => {
    const envelope = await signEnvelope(encodeRecord(record).payload, by);
    world.append(envelopeBytes(envelope));
    const index = world.size - 1;
    const checkpoint = await world.checkpoint(log.key, log.sign);
    const proof = await inclusionProof(index, world.size, world.reader());
    return makeReceipt(envelope, { origin: ORIGIN, index, checkpoint, proof });
  };
  const change = async (body: KeyChange, by: Signer, log: NoteSigner): Promise<Receipt> => {
    const record: OtherRecord = {
      v: 1,
      type: 'key',
      tenant: 'default',
      action: KEY_CHAIN,
      seq: chain.length,
      prev: chain.at(-1) ?? null,
      at: '2026-11-21T12:00:00.000Z',
      requestHash: null,
      by: 'key:first',
      reason: 'yearly',
      body: keyBody(body),
    };
    chain.push(encodeRecord(record).hash);
    return seal(record, by, log);
  };
  const refund = (action: string): RecordPayload => ({ ...verdictRecord, action });

  const before = await seal(refund('act_before'), first, logs[0]);
  const receipts = [
    await change(introduce('record', second.kid, second.publicJwk, first.kid), first, logs[0]),
    await change(introduce('log', kidOfVkey(vkeys[1] ?? ''), vkeys[1] ?? '', kidOfVkey(vkeys[0] ?? '')), second, logs[0]),
    await change({ change: 'revoke', use: 'record', kid: first.kid, from: 3 }, second, logs[1]),
  ];
  const after = await seal(refund('act_after'), second, logs[1]);
  const forged = await seal(refund('act_forged'), first, logs[1]);

  const trust: Trust = { recordKeys: [first.publicJwk], logKeys: [vkeys[0] ?? ''] };
  const history = { kind: KEY_HISTORY_KIND, origin: ORIGIN, keys: [], receipts };
  const followed = await followKeys(trust, history);
  const [a, b, c] = receipts;
  const stranger: Trust = { recordKeys: [ed25519Signer('stranger').publicJwk], logKeys: [vkeys[0] ?? ''] };
  const tampered = structuredClone(receipts);
  if (tampered[1] !== undefined && b !== undefined) tampered[1].log = { ...b.log, index: 1 };
  return {
    about:
      'A key history, followed from `trust` to `followed`; `receipts` under the keys followed, with the reason for each that is refused; `refused` histories.',
    trust,
    history,
    followed,
    receipts: [
      { name: 'of before the rotation', receipt: before, reason: null },
      { name: 'of after it', receipt: after, reason: null },
      { name: 'signed with the revoked key', receipt: forged, reason: 'record-key-revoked' },
    ],
    nothing: [
      { name: 'keys of strangers', trust: stranger, history },
      { name: 'the end alone, from the old keys', trust, history: { ...history, receipts: [c] } },
    ],
    refused: [
      { name: 'a step moved', history: { ...history, receipts: tampered }, reason: 'inclusion-wrong' },
      { name: 'a record about no key', history: { ...history, receipts: [a, before] }, reason: 'key-record-malformed' },
      { name: 'another kind', history: { ...history, kind: 'countersign.keys/v2' }, reason: 'key-history-malformed' },
    ],
  };
}

const introduce = (
  use: 'record' | 'log',
  kid: string,
  key: Extract<KeyChange, { change: 'introduce' }>['key'],
  replaces: string,
): KeyChange => ({
  change: 'introduce',
  use,
  kid,
  key,
  replaces,
  beside: use === 'log' ? '2026-11-28T12:00:00.000Z' : null,
});
