import { sign } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { fromBase64Url } from '../../src/canonical/index.ts';
import type { DecisionRecord, Json, Receipt, RecordPayload } from '../../src/contract/index.ts';
import {
  emptyFrontier,
  extendFrontier,
  formatCheckpoint,
  formatVkey,
  frontierRoot,
  leafHash,
  noteKey,
  NOTE_ALGORITHMS,
  inclusionProof,
  signNote,
} from '../../src/ledger/index.ts';
import {
  encodeRecord,
  envelopeBytes,
  makeReceipt,
  publicJwk,
  signEnvelope,
  type Signer,
} from '../../src/sealing/index.ts';
import { everyNameTwice } from '../support/json-twice.ts';
import { countersign } from './harness.ts';
import { untyped } from '../support/untyped.ts';
import { keyPair } from '../support/key-pair.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-verify-'));
const ORIGIN = 'countersign/default';

function key(): { signer: Signer; raw: Uint8Array; sign: (message: Uint8Array) => Promise<Uint8Array> } {
  const { privateKey, publicKey } = keyPair('ed25519');
  const jwk = publicJwk({ crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x ?? '' });
  const make = (message: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(new Uint8Array(sign(null, message, privateKey)));
  return {
    signer: { kid: jwk.kid, algorithm: 'EdDSA', publicJwk: jwk, sign: make },
    raw: fromBase64Url(jwk.x),
    sign: make,
  };
}
const records = key();
const log = key();
const logKey = noteKey(ORIGIN, NOTE_ALGORITHMS.ed25519, log.raw);

/** Seals records one after the other in one log, and gives the receipt of each under one last checkpoint. */
async function seal(payloads: RecordPayload[]): Promise<Receipt[]> {
  const envelopes = await Promise.all(
    payloads.map((record) => signEnvelope(encodeRecord(record).payload, records.signer)),
  );
  const leaves = envelopes.map((envelope) => leafHash(envelopeBytes(envelope)));
  const { frontier, completed } = extendAll(leaves);
  const checkpoint = await signNote(
    formatCheckpoint({ origin: ORIGIN, size: leaves.length, root: frontierRoot(frontier) }),
    logKey,
    log.sign,
  );
  return Promise.all(
    envelopes.map(async (envelope, index) => {
      const proof = await inclusionProof(index, leaves.length, (level, at) => {
        const found = completed.get(`${level}/${at}`);
        if (found === undefined) throw new Error(`no hash ${level}/${at}`);
        return Promise.resolve(found);
      });
      return makeReceipt(envelope, { origin: ORIGIN, index, checkpoint, proof });
    }),
  );
}

function extendAll(leaves: Uint8Array[]) {
  const { frontier, completed } = extendFrontier(emptyFrontier(), leaves);
  return { frontier, completed: new Map(completed.map(({ level, index, hash }) => [`${level}/${index}`, hash])) };
}

const head = {
  v: 1,
  tenant: 'default',
  action: 'act_1',
  at: '2026-11-21T10:00:00.000Z',
  requestHash: `sha256:${'0'.repeat(64)}`,
} as const;
const hashOf = (record: RecordPayload): string => encodeRecord(record).hash;

const verdict = {
  ...head,
  type: 'verdict',
  seq: 0,
  prev: null,
  surface: 'payments.refund',
  verb: 'refund.create',
  actor: { id: 'agent:bot', type: 'agent', onBehalfOf: { id: 'user:req@acme.test', type: 'user' } },
  verdict: {
    decision: 'supervise',
    basis: 'rule',
    bundle: null,
    policy: 'payments.refund',
    rule: 'medium',
    reasons: [],
    mode: 'enforce',
    changes: null,
  },
  observed: null,
  facts: { now: head.at, limits: [], people: {}, conflict: null },
  plan: null,
  disclosed: {},
  commitments: {},
} satisfies RecordPayload;
const decision = {
  ...head,
  type: 'decision',
  seq: 1,
  prev: hashOf(verdict),
  surface: 'payments.refund',
  stage: 0,
  decision: 'approve',
  added: null,
  by: 'user:lead@acme.test',
  delegation: null,
  reason: 'fine\u001b[2K\nother.json: valid',
  via: 'slack',
  slack: null,
  shown: null,
  responsibility: null,
  changes: null,
  until: null,
  assurance: null,
  attestation: null,
} satisfies DecisionRecord;
const release = {
  ...head,
  type: 'release',
  seq: 2,
  prev: hashOf(decision),
  surface: 'payments.refund',
  basis: 'override',
  permit: { jti: 'j', kid: 'k', expiresAt: head.at, audience: 'payments.refund', requestHash: head.requestHash },
  rejudged: null,
} satisfies RecordPayload;

const file = (name: string): string => join(folder, name);
function save(name: string, value: unknown): string {
  writeFileSync(file(name), typeof value === 'string' ? value : JSON.stringify(value));
  return name;
}
const KEYS = ['--key', 'keys.json', '--log-key', 'log.vkey'];
const run = (args: string[], more: { input?: string; env?: Record<string, string> } = {}) =>
  countersign(['verify', ...args], { cwd: folder, ...more });

let receipts: Receipt[];
beforeAll(async () => {
  receipts = await seal([verdict, decision, release]);
  receipts.forEach((receipt, index) => save(`r${index}.json`, receipt));
  save('keys.json', { keys: [key().signer.publicJwk, records.signer.publicJwk] });
  save('log.vkey', `${formatVkey(logKey)}\n`);
});

describe('verify', () => {
  it('says what is proven and what is not, offline', async () => {
    const env = { COUNTERSIGN_URL: 'http://127.0.0.1:1' };
    const { code, out } = await run(['r0.json', 'r1.json', 'r2.json', ...KEYS], { env });
    expect(code).toBe(0);
    expect(out).toContain('r0.json: valid');
    expect(out).toContain(
      'policy said supervise (rule: payments.refund / medium) to agent:bot for user:req@acme.test for refund.create on payments.refund',
    );
    expect(out).toContain('user:lead@acme.test approved the action on payments.refund, via slack');
    expect(out).toContain('released by a supervised override: a human decided');
    expect(out).toContain(
      `record ${hashOf(decision)}, number 1 of act_1, was sealed with the key ${records.signer.kid}`,
    );
    expect(out).toContain(`the log ${ORIGIN} had committed to it as entry 1 when it held 3`);
    expect(out).toMatch(/^Not proven: /m);
  });

  it('shows what a stranger wrote as text', async () => {
    const { out } = await run(['r1.json', ...KEYS]);
    expect(out).not.toContain('\u001b');
    expect(out.split('\n').filter((line) => line.startsWith('other.json'))).toEqual([]);
    expect(out).toContain('fine\\u001b[2K\\u000aother.json: valid');
  });

  it('says the same as JSON', async () => {
    const ran = await run(['r1.json', ...KEYS, '--json']);
    expect(JSON.parse(ran.out)).toMatchObject({
      valid: true,
      receipts: [
        {
          file: 'r1.json',
          valid: true,
          recordHash: hashOf(decision),
          index: 1,
          size: 3,
          record: { by: 'user:lead@acme.test' },
        },
      ],
      conflicts: [],
    });
  });

  it('takes a receipt from standard input, a JWK, a vkey as text, and the answer of a refusal', async () => {
    save('jwk.json', records.signer.publicJwk);
    const keys = ['--key', 'jwk.json', '--log-key', formatVkey(logKey)];
    expect(await run(['-', ...keys], { input: JSON.stringify(receipts[0]) })).toMatchObject({ code: 0, err: '' });
    save('denial.json', { type: 'urn:countersign:problem:action-refused', receipt: receipts[0] });
    expect(await run(['denial.json', ...keys])).toMatchObject({ code: 0, err: '' });
  });

  const first = (): Receipt => receipts[0] as Receipt;
  const changed = (change: (receipt: Receipt) => void): Receipt => {
    const copy = structuredClone(first());
    change(copy);
    return copy;
  };
  it.each<[string, () => unknown, string]>([
    ['not JSON', () => '{', 'receipt-malformed'],
    ['another thing', () => ({ kind: 'else' }), 'receipt-malformed'],
    [
      'a changed record',
      () => changed((receipt) => (receipt.envelope.payload = flip(receipt.envelope.payload))),
      'inclusion-wrong',
    ],
    ['another place', () => changed((receipt) => (receipt.log.index = 1)), 'inclusion-wrong'],
    ['another log', () => changed((receipt) => (receipt.log.origin = 'countersign/other')), 'origin-differs'],
    [
      'a changed checkpoint',
      () => changed((receipt) => (receipt.log.checkpoint = receipt.log.checkpoint.replace('\n3\n', '\n4\n'))),
      'note-signature-wrong',
    ],
    ['a missing hash', () => changed((receipt) => receipt.log.inclusion.pop()), 'inclusion-wrong'],
  ])('finds %s', async (_, make, reason) => {
    save('bad.json', make());
    const ran = await run(['r1.json', 'bad.json', ...KEYS]);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('r1.json: valid');
    expect(ran.out).toContain(`bad.json: INVALID (${reason})`);
    const json = await run(['bad.json', ...KEYS, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      valid: false,
      receipts: [{ file: 'bad.json', valid: false, reason }],
    });
  });

  it('finds a name that stands twice, wherever it is in a receipt', async () => {
    const [receipt] = receipts;
    const texts = everyNameTwice(untyped<Json>(receipt));
    expect(texts.length).toBeGreaterThanOrEqual(10);
    for (const { pointer, text } of texts) {
      save('twice.json', text);
      const ran = await run(['twice.json', ...KEYS, '--json']);
      expect([pointer, ran.code, JSON.parse(ran.out)]).toMatchObject([
        pointer,
        3,
        { valid: false, receipts: [{ file: 'twice.json', valid: false, reason: 'receipt-malformed' }] },
      ]);
    }
    // Written otherwise it is the same name.
    save('twice.json', JSON.stringify(receipt).replace('{"kind":', '{"\\u006bind":"countersign.receipt/v1","kind":'));
    expect((await run(['twice.json', ...KEYS])).out).toContain('twice.json: INVALID (receipt-malformed)');
  });

  it('takes no keys from a file in which a name stands twice', async () => {
    const texts = everyNameTwice(untyped<Json>({ keys: [records.signer.publicJwk] }));
    expect(texts.length).toBeGreaterThanOrEqual(5);
    for (const { pointer, text } of texts) {
      save('twice-keys.json', text);
      const ran = await run(['r0.json', '--key', 'twice-keys.json', '--log-key', 'log.vkey']);
      expect([pointer, ran.code, ran.err]).toEqual([pointer, 2, expect.stringContaining('twice-keys.json')]);
    }
  });

  it('finds keys of somebody else', async () => {
    save('stranger.json', { keys: [key().signer.publicJwk] });
    expect(await run(['r0.json', '--key', 'stranger.json', '--log-key', 'log.vkey'])).toMatchObject({
      code: 3,
      out: expect.stringContaining('record-key-unknown') as string,
    });
    const other = formatVkey(noteKey(ORIGIN, NOTE_ALGORITHMS.ed25519, key().raw));
    expect(await run(['r0.json', '--key', 'keys.json', '--log-key', other])).toMatchObject({
      code: 3,
      out: expect.stringContaining('note-key-unknown') as string,
    });
  });

  it('finds receipts that hold each, but not together', async () => {
    const [, , otherRelease] = await seal([verdict, decision, { ...release, basis: 'rule' }]);
    const [, stray] = await seal([verdict, { ...decision, prev: hashOf(release) }]);
    save('fork.json', otherRelease);
    save('stray.json', stray);
    const fork = await run(['r2.json', 'fork.json', ...KEYS]);
    expect(fork.code).toBe(3);
    expect(fork.out).toContain('r2.json: valid');
    expect(fork.out).toContain('both number 2 of act_1');
    expect(fork.out).toContain('signed two histories of 3 entries');
    const gap = await run(['r0.json', 'stray.json', ...KEYS, '--json']);
    expect(gap.code).toBe(3);
    expect((JSON.parse(gap.out) as { conflicts: string[] }).conflicts[0]).toContain('another record than r0.json');
    expect(await run(['r0.json', 'r0.json', ...KEYS])).toMatchObject({ code: 0 });
  });

  it.each<[string, string[], RegExp]>([
    ['no keys', ['r0.json'], /--key/],
    ['no log key', ['r0.json', '--key', 'keys.json'], /--log-key/],
    ['no receipt', KEYS, /evidence/],
    ['an absent receipt', ['absent.json', ...KEYS], /absent\.json/],
    ['an absent key', ['r0.json', '--key', 'absent.json', '--log-key', 'log.vkey'], /absent\.json/],
    ['a key that is none', ['r0.json', '--key', 'r0.json', '--log-key', 'log.vkey'], /JWKS/],
    ['a log key that is none', ['r0.json', '--key', 'keys.json', '--log-key', 'keys.json'], /log\.vkey/],
    ['standard input twice', ['-', '-', ...KEYS], /once/],
  ])('%s is a usage error', async (_, args, message) => {
    const ran = await run(args);
    expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(message)]);
  });
});

/** Another character in the middle: still base64. */
function flip(text: string): string {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}
