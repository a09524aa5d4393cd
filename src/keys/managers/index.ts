import type { SignatureAlgorithm } from '../../sealing/index.ts';
import type { RemoteRef } from '../signer-ref.ts';
import { createAwsKms } from './aws.ts';
import { createGoogleKms } from './google.ts';
import type { KeyManager } from './types.ts';
import { createVault, type VaultSettings } from './vault.ts';

export interface ManagerSettings {
  vault: VaultSettings | null;
  googleUrl: string | undefined;
}

/** All kinds behind one interface. A kind is loaded when it is first needed. */
export function createManagers({ vault, googleUrl }: ManagerSettings): KeyManager {
  const aws = createAwsKms();
  const google = createGoogleKms(googleUrl);
  const transit = createVault(vault);
  return {
    describe: (ref: RemoteRef) => {
      if (ref.kind === 'aws-kms') return aws.describe(ref);
      return ref.kind === 'gcp-kms' ? google.describe(ref) : transit.describe(ref);
    },
    sign: (ref: RemoteRef, algorithm: SignatureAlgorithm, message: Uint8Array) => {
      if (ref.kind === 'aws-kms') return aws.sign(ref, algorithm, message);
      return ref.kind === 'gcp-kms' ? google.sign(ref, algorithm, message) : transit.sign(ref, algorithm, message);
    },
  };
}

export type { KeyManager, ManagedKey } from './types.ts';
export type { VaultSettings } from './vault.ts';
