/** The location of a private key in one line of text: a setting, and what the key file keeps for a key in a key manager. */
import { CountersignError } from '../contract/index.ts';

/** `file`: in the data folder. Every other kind never leaves its key manager. */
export type SignerRef =
  | { kind: 'file' }
  /** Key id, ARN or `alias/…`. */
  | { kind: 'aws-kms'; key: string }
  /** `projects/…/cryptoKeyVersions/N`. */
  | { kind: 'gcp-kms'; name: string }
  /** Of Vault's or OpenBao's transit engine; without a version, the newest at the time. */
  | { kind: 'vault'; mount: string; key: string; version: number | null };

export type RemoteRef = Exclude<SignerRef, { kind: 'file' }>;

const AWS = /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(?:(?:key|alias)\/)?[A-Za-z0-9/_-]{1,256}$/;
const GOOGLE =
  /^projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+\/cryptoKeyVersions\/[1-9]\d*$/;
const VAULT = /^(?:([A-Za-z0-9_/-]+)\/)?([A-Za-z0-9_.-]+?)(?::([1-9]\d{0,8}))?$/;

export const SIGNER_FORMS =
  'file, aws-kms:<key id, ARN or alias/NAME>, gcp-kms:projects/…/cryptoKeyVersions/N, or vault:[MOUNT/]KEY[:VERSION]';

/** @throws CountersignError `configuration` for any other form */
export function parseSignerRef(text: string): SignerRef {
  if (text === 'file') return { kind: 'file' };
  const [, kind = '', rest = ''] = /^([a-z-]+):(.+)$/s.exec(text) ?? [];
  if (kind === 'aws-kms' && AWS.test(rest)) return { kind, key: rest };
  if (kind === 'gcp-kms' && GOOGLE.test(rest)) return { kind, name: rest };
  const [, mount = 'transit', key = '', version] = VAULT.exec(rest) ?? [];
  if (kind === 'vault' && key !== '') {
    return { kind, mount, key, version: version === undefined ? null : Number(version) };
  }
  throw new CountersignError('configuration', `a signer is ${SIGNER_FORMS}`);
}

export function formatSignerRef(ref: SignerRef): string {
  switch (ref.kind) {
    case 'file':
      return 'file';
    case 'aws-kms':
      return `aws-kms:${ref.key}`;
    case 'gcp-kms':
      return `gcp-kms:${ref.name}`;
    case 'vault':
      return `vault:${ref.mount}/${ref.key}${ref.version === null ? '' : `:${ref.version}`}`;
  }
}
