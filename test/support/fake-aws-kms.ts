/**
 * A fake of AWS KMS for what moto has not: Ed25519 keys, and digests in place of messages (moto hashes them once more). Not AWS, but its
 * JSON protocol (`TrentService.GetPublicKey`, `TrentService.Sign`) with real keys behind it, and AWS's limit of 4,096 bytes for a message.
 * Everything else is tested against moto itself.
 */
import { sign, type KeyObject } from 'node:crypto';
import { startFake, type FakeAnswer, type FakeServer } from './fake-key-manager.ts';
import { signDigest } from './sign-digest.ts';
import { keyPair } from './key-pair.ts';

const arn = (id: string): string => `arn:aws:kms:eu-central-1:123456789012:key/${id}`;
export const FAKE_AWS_ED25519 = arn('0ed25519-0000-4000-8000-000000000000');
export const FAKE_AWS_P256 = arn('00000256-0000-4000-8000-000000000000');

const refused = (__type: string): FakeAnswer => ({ status: 400, body: { __type, message: 'refused by the fake' } });

export function startFakeAwsKms(): Promise<FakeServer> {
  const keys = new Map([
    [FAKE_AWS_ED25519, { spec: 'ECC_NIST_EDWARDS25519', ...keyPair('ed25519') }],
    [FAKE_AWS_P256, { spec: 'ECC_NIST_P256', ...keyPair('ec') }],
  ]);
  return startFake(({ headers, body }) => {
    const id = String(body['KeyId']);
    const key = keys.get(id);
    if (key === undefined) return refused('NotFoundException');
    const about = { KeyId: id, KeySpec: key.spec, KeyUsage: 'SIGN_VERIFY' };
    switch (headers['x-amz-target']) {
      case 'TrentService.GetPublicKey': {
        const spki = key.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
        return { status: 200, body: { ...about, PublicKey: spki } };
      }
      case 'TrentService.Sign': {
        const signature = signed(key, body);
        if (signature === null) return refused('ValidationException');
        return { status: 200, body: { ...about, Signature: signature.toString('base64') } };
      }
      default:
        return refused('UnknownOperationException');
    }
  });
}

function signed(key: { spec: string; privateKey: KeyObject }, body: Record<string, unknown>): Buffer | null {
  const { SigningAlgorithm: algorithm, MessageType: type } = body;
  const message = Buffer.from(String(body['Message']), 'base64');
  if (message.length > 4096) return null;
  if (key.spec === 'ECC_NIST_EDWARDS25519') {
    return algorithm === 'ED25519_SHA_512' && type === 'RAW' ? sign(null, message, key.privateKey) : null;
  }
  if (algorithm !== 'ECDSA_SHA_256') return null;
  if (type === 'RAW') return sign('sha256', message, key.privateKey);
  return message.length === 32 ? signDigest(message, key.privateKey, 'der') : null;
}
