/** Payloads as the codec writes them, and a start as a JWE. What is random in both is fixed here. */
import { createCipheriv } from 'node:crypto';
import proto from '@temporalio/proto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { createStartKeys } from '../../../src/keys/start-keys.ts';
import { namedKey } from '../../../src/keys/aead.ts';

const SECRET = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const PURPOSE = 'countersign temporal payload v1';

/** A payload in the JSON form of its protobuf. */
export interface JsonPayload {
  metadata: Record<string, string>;
  data?: string;
}

/** What `codec.json` holds. */
export interface CodecVectors {
  about: string;
  key: { id: string; secret: string };
  payloads: { name: string; iv: string; clear: JsonPayload; encrypted: JsonPayload }[];
  refused: { name: string; encrypted: JsonPayload }[];
  start: { jwk: object; plaintext: string; ephemeral: JWK; iv: string; jwe: string };
}

const base64 = (value: Uint8Array | string): string => Buffer.from(value).toString('base64');
const payload = (encoding: string, data: string): JsonPayload => ({
  metadata: { encoding: base64(encoding) },
  ...(data === '' ? {} : { data: base64(data) }),
});

const CLEAR: [string, JsonPayload][] = [
  ['an object', payload('json/plain', '{"request":{"surface":"payments.refund"},"note":"zażółć"}')],
  ['a text', payload('json/plain', '"decide"')],
  ['null', payload('binary/null', '')],
  ['bytes', payload('binary/plain', '\u0000\u0001')],
];

function encrypt(id: string, iv: Buffer, { metadata, data }: JsonPayload, secret: Buffer, bound = PURPOSE): JsonPayload {
  const message = proto.temporal.api.common.v1.Payload.encode({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')])),
    data: Buffer.from(data ?? '', 'base64'),
  }).finish();
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(bound));
  const ciphertext = Buffer.concat([cipher.update(message), cipher.final()]);
  return {
    metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64(id) },
    data: base64(Buffer.concat([iv, cipher.getAuthTag(), ciphertext])),
  };
}

export async function codecVectors(): Promise<CodecVectors> {
  const key = namedKey({
    ...{ kind: 'secret', use: 'codec', since: '2026-01-01T00:00:00.000Z', until: null },
    secret: SECRET.toString('base64url'),
  });
  const payloads = CLEAR.map(([name, clear], at) => {
    const iv = Buffer.alloc(12, at + 1);
    return { name, iv: iv.toString('hex'), clear, encrypted: encrypt(key.id, iv, clear, SECRET) };
  });
  const good = payloads[0]?.encrypted ?? payload('', '');
  const bytes = Buffer.from(good.data ?? '', 'base64');
  const changed = Buffer.from(bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)));
  const tagLast = Buffer.concat([bytes.subarray(0, 12), bytes.subarray(28), bytes.subarray(12, 28)]);
  const [, clear] = CLEAR[0] ?? ['', payload('', '')];
  const iv = Buffer.alloc(12, 9);
  return {
    about:
      'Temporal payloads in the JSON form of their protobuf (base64), encrypted by AES-256-GCM with the key given; and a start as a JWE by ECDH-ES.',
    key: { id: key.id, secret: base64(SECRET) },
    payloads,
    refused: [
      { name: 'a changed byte', encrypted: { ...good, data: base64(changed) } },
      { name: 'cut short', encrypted: { ...good, data: base64(bytes.subarray(0, 27)) } },
      { name: 'the tag at the end', encrypted: { ...good, data: base64(tagLast) } },
      { name: 'a key that is not known', encrypted: encrypt('0'.repeat(16), iv, clear, Buffer.alloc(32, 7)) },
      { name: 'other additional data', encrypted: encrypt(key.id, iv, clear, SECRET, 'countersign temporal payload v2') },
    ],
    start: await startVector(key),
  };
}

async function startVector(key: ReturnType<typeof namedKey>): Promise<CodecVectors['start']> {
  const { publicJwk } = createStartKeys([key]);
  const ephemeral = {
    ...{ kty: 'EC', crv: 'P-256', x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0' },
    ...{ y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps', d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo' },
  };
  const plaintext = JSON.stringify({
    request: { surface: 'payments.refund', action: 'refund.create', actor: { id: 'agent:support-bot', type: 'agent' } },
    tenant: 'default',
    idempotencyKey: 'refund-ord_991',
    token: 'csk_0123456789ab_example',
  });
  const iv = Buffer.alloc(12, 5);
  const epk = await crypto.subtle.importKey('jwk', ephemeral, { name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits']);
  const jwe = await new CompactEncrypt(Buffer.from(plaintext))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: publicJwk.kid })
    .setKeyManagementParameters({ epk })
    .setInitializationVector(iv)
    .encrypt(await importJWK({ ...publicJwk }, 'ECDH-ES'));
  return { jwk: publicJwk, plaintext, ephemeral, iv: iv.toString('hex'), jwe };
}
