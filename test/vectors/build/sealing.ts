import { canonicalize, fromUtf8, toBase64, toHex } from '../../../src/canonical/index.ts';
import type { ActionRequest, PermitClaims, Receipt } from '../../../src/contract/index.ts';
import { formatVkey, leafHash } from '../../../src/ledger/index.ts';
import {
  commitment,
  discloseRequest,
  encodeRecord,
  envelopeBytes,
  preAuthEncoding,
  requestHash,
  saltFor,
  signEnvelope,
  signPermit,
} from '../../../src/sealing/index.ts';
import {
  actionKey,
  chain,
  ed25519Signer,
  es256Signer,
  noteSigner,
  request,
  sealedWorld,
  verdictRecord,
} from '../../sealing/fixtures.ts';

export async function recordVectors(): Promise<unknown> {
  const signer = ed25519Signer('record');
  const records = [];
  for (const record of chain()) {
    const { payload, hash } = encodeRecord(record);
    const envelope = await signEnvelope(payload, signer);
    const entry = envelopeBytes(envelope);
    records.push({
      type: record.type,
      payload: fromUtf8(payload),
      hash,
      preAuthEncoding: toBase64(preAuthEncoding(envelope.payloadType, payload)),
      envelope,
      entry: fromUtf8(entry),
      leaf: toHex(leafHash(entry)),
    });
  }
  return {
    about:
      'The records of one supervised refund, chained by `prev`; each with its DSSE envelope, the bytes of its log entry and its leaf hash.',
    recordKey: signer.publicJwk,
    records,
  };
}

export function requestVectors(): unknown {
  const { content: _content, callback: _callback, ...bare } = request;
  const odd: ActionRequest = { ...bare, params: { 'a.b': 1, a: { b: 2 }, list: [1, { c: 3 }], empty: {}, '"': null } };
  const disclose = ['params.amount', 'params.customer', 'resource.id', 'params.a'];
  const named = { request, 'request without content': bare, 'names that hold dots': odd };
  return {
    about:
      'Commitments, request hash (contract section 2) and what a record shows of a request under `disclose`. Keys and salts are hexadecimal.',
    actionKey: toHex(actionKey),
    disclose,
    requests: Object.entries(named).map(([name, value]) => ({
      name,
      request: value,
      requestHash: requestHash(value, actionKey),
      ...discloseRequest(value, disclose, actionKey),
    })),
    commitments: (['params.amount', 'params["a.b"]', 'content'] as const).map((path) => {
      const value = path === 'content' ? { note: 'the parcel never came' } : 420.5;
      const salt = saltFor(actionKey, path);
      return { path, value, salt: toHex(salt), commitment: commitment(salt, path, value) };
    }),
  };
}

export const PERMIT: PermitClaims = {
  iss: 'countersign',
  aud: 'payments.refund',
  sub: 'agent:support-bot',
  iat: 1_795_255_500,
  nbf: 1_795_255_500,
  exp: 1_795_255_800,
  jti: 'prm_1',
  tenant: 'default',
  act: 'act_1',
  req: `sha256:${'56'.repeat(32)}`,
  changes: { 'params.amount': 400 },
  ver: 'etag-7',
  rec: `sha256:${'9a'.repeat(32)}`,
};

export async function permitVectors(): Promise<unknown> {
  const ed = ed25519Signer('permit');
  const es = es256Signer('permit');
  const now = PERMIT.iat + 60;
  const token = await signPermit(PERMIT, ed);
  const [head = '', body = '', sig = ''] = token.split('.');
  const audience = PERMIT.aud;
  const reheaded = (header: object): string =>
    `${Buffer.from(canonicalize(header)).toString('base64url')}.${body}.${sig}`;
  const forged = await signPermit(PERMIT, { ...ed25519Signer('stranger'), kid: ed.kid });
  return {
    about: 'Compact JWS. `code` null: valid at `now` (seconds) for `audience`; otherwise what it is refused with.',
    keys: [ed.publicJwk, es.publicJwk],
    claims: PERMIT,
    permits: [
      { name: 'Ed25519', token, now, audience, code: null },
      { name: 'ES256', token: await signPermit(PERMIT, es), now, audience, code: null },
      { name: 'in its last second', token, now: PERMIT.exp - 1, audience, code: null },
      { name: 'expired', token, now: PERMIT.exp, audience, code: 'permit-expired' },
      { name: 'not valid yet', token, now: PERMIT.nbf - 60, audience, code: 'permit-invalid' },
      { name: 'another surface', token, now, audience: 'payments.refund.all', code: 'permit-audience' },
      { name: 'a prefix of the surface', token, now, audience: 'payments', code: 'permit-audience' },
      { name: 'signed by a stranger', token: forged, now, audience, code: 'permit-invalid' },
      { name: 'signature cut', token: token.slice(0, -4), now, audience, code: 'permit-invalid' },
      { name: 'no signature', token: `${head}.${body}.`, now, audience, code: 'permit-invalid' },
      {
        name: 'alg none',
        token: reheaded({ alg: 'none', kid: ed.kid, typ: 'permit+jwt' }),
        now,
        audience,
        code: 'permit-invalid',
      },
      {
        name: 'alg of another key',
        token: reheaded({ alg: 'ES256', kid: ed.kid, typ: 'permit+jwt' }),
        now,
        audience,
        code: 'permit-invalid',
      },
      {
        name: 'another type',
        token: reheaded({ alg: 'EdDSA', kid: ed.kid, typ: 'JWT' }),
        now,
        audience,
        code: 'permit-invalid',
      },
      {
        name: 'critical header',
        token: reheaded({ alg: 'EdDSA', crit: ['b64'], kid: ed.kid, typ: 'permit+jwt' }),
        now,
        audience,
        code: 'permit-invalid',
      },
    ],
  };
}

export async function receiptVectors(): Promise<unknown> {
  const { receipts, trust } = await sealedWorld(chain());
  const es256 = await sealedWorld([verdictRecord], { record: es256Signer('record'), others: 0 });
  const first = receipts[0] as Receipt;
  const second = receipts[1] as Receipt;
  const changed = structuredClone(first);
  changed.envelope.payload = second.envelope.payload;
  const log = (part: Partial<Receipt['log']>): Receipt => ({ ...first, log: { ...first.log, ...part } });
  const strangers = { ...trust, recordKeys: [ed25519Signer('stranger').publicJwk] };
  const otherLog = { ...trust, logKeys: [formatVkey(noteSigner('countersign/other').key)] };
  const refused: [string, unknown, unknown, string][] = [
    ['payload of another record', changed, trust, 'inclusion-wrong'],
    ['another place', log({ index: first.log.index + 1 }), trust, 'inclusion-wrong'],
    ['a place beyond the log', log({ index: 99 }), trust, 'inclusion-wrong'],
    ['proof cut short', log({ inclusion: first.log.inclusion.slice(1) }), trust, 'inclusion-wrong'],
    ['another origin', log({ origin: 'countersign/defaul' }), trust, 'origin-differs'],
    [
      'checkpoint changed',
      log({ checkpoint: first.log.checkpoint.replace('\n8\n', '\n9\n') }),
      trust,
      'note-signature-wrong',
    ],
    ['log key not known', first, otherLog, 'note-key-unknown'],
    ['record key not known', first, strangers, 'record-key-unknown'],
    ['another kind', { ...first, kind: 'countersign.receipt/v2' }, trust, 'receipt-malformed'],
    ['a member too many', { ...first, note: 'trust me' }, trust, 'receipt-malformed'],
  ];
  return {
    about: 'Receipts with the keys to check them with: the first lists are valid, `refused` are not, for this reason.',
    valid: [
      { name: 'Ed25519', trust, receipts },
      { name: 'ES256, alone in its log', trust: es256.trust, receipts: es256.receipts },
    ],
    refused: refused.map(([name, receipt, keys, reason]) => ({ name, receipt, trust: keys, reason })),
  };
}
