/** AWS KMS: asymmetric keys for SIGN_VERIFY. The SDK finds region, credentials and endpoint as it does everywhere. */
import { createHash } from 'node:crypto';
import type { KMSClient } from '@aws-sdk/client-kms';
import { fromDer } from '../../sealing/index.ts';
import { CALL_MS, jwkOfSpki, unreachable, unusable, type KeyManager } from './types.ts';
import type { RemoteRef } from '../signer-ref.ts';

type AwsRef = Extract<RemoteRef, { kind: 'aws-kms' }>;

/** Bytes of a message that AWS hashes itself. For ECDSA it takes the digest of a longer one; for Ed25519 it cannot. */
export const AWS_MESSAGE_MAX = 4096;

const NOT_OURS = [
  'NotFoundException',
  'AccessDeniedException',
  'DisabledException',
  'KMSInvalidStateException',
  'InvalidArnException',
  'UnsupportedOperationException',
  'ValidationException',
  'InvalidKeyUsageException',
];

export function createAwsKms(): KeyManager<AwsRef> {
  const clients = new Map<string, Promise<{ client: KMSClient; sdk: typeof import('@aws-sdk/client-kms') }>>();
  const open = ({ key }: AwsRef): ReturnType<typeof connect> => {
    const region = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):/.exec(key)?.[1];
    let client = clients.get(region ?? '');
    if (client === undefined) clients.set(region ?? '', (client = connect(region)));
    return client;
  };
  return {
    async describe(ref) {
      const { client, sdk } = await open(ref);
      try {
        const response = await client.send(new sdk.GetPublicKeyCommand({ KeyId: ref.key }));
        if (response.KeyUsage !== 'SIGN_VERIFY')
          throw unusable('is not for signing; make one with key usage SIGN_VERIFY');
        const jwk = jwkOfSpki({ der: response.PublicKey ?? new Uint8Array(0) });
        return { ref: { kind: 'aws-kms', key: response.KeyId ?? ref.key }, jwk };
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        if (name === 'CountersignError') throw error;
        if (NOT_OURS.includes(name))
          throw unusable(`cannot be used (AWS: ${name}); correct the name or its policy`, error);
        if (name === 'CredentialsProviderError' || /region is missing/i.test(String(error))) {
          throw unusable('cannot be asked for: set AWS_REGION and credentials as for every AWS SDK', error);
        }
        throw unreachable('AWS KMS', error);
      }
    },
    async sign(ref, algorithm, message) {
      const { client, sdk } = await open(ref);
      const ecdsa = algorithm === 'ES256';
      const long = message.length > AWS_MESSAGE_MAX;
      if (long && !ecdsa) {
        throw new Error(`AWS KMS signs at most ${AWS_MESSAGE_MAX} bytes with Ed25519; use a P-256 key`);
      }
      const { Signature } = await client.send(
        new sdk.SignCommand({
          KeyId: ref.key,
          Message: long ? createHash('sha256').update(message).digest() : message,
          MessageType: long ? 'DIGEST' : 'RAW',
          SigningAlgorithm: ecdsa ? 'ECDSA_SHA_256' : 'ED25519_SHA_512',
        }),
      );
      const signature = Signature ?? new Uint8Array(0);
      return ecdsa ? (fromDer(signature) ?? new Uint8Array(0)) : signature;
    },
  };
}

async function connect(region: string | undefined): Promise<{
  client: KMSClient;
  sdk: typeof import('@aws-sdk/client-kms');
}> {
  const sdk = await import('@aws-sdk/client-kms');
  const client = new sdk.KMSClient({
    ...(region === undefined ? {} : { region }),
    // The caller retries, and waits longer each time.
    maxAttempts: 2,
    requestHandler: { requestTimeout: CALL_MS, connectionTimeout: 2000, throwOnRequestTimeout: true },
  });
  return { client, sdk };
}
