/**
 * Keys in files, mode 0600 in a folder of mode 0700, and never anywhere else. For a key in a key manager, the file holds only its
 * reference.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CountersignError, isCountersignError, TENANT_NAME } from '../contract/index.ts';
import { SIGNING_USES, type PublicJwk, type Signer, type SigningUse } from '../sealing/index.ts';
import type { PayloadCipher } from '../store/index.ts';
import { namedKey, type NamedKey } from './aead.ts';
import { commitmentsBy } from './commitments.ts';
import { newSigningKey } from './ed25519.ts';
import { loadOrMake, type AnySigningKey, type KeyFile, type SecretKey } from './key-file.ts';
import { KeyRing, type KeyPeriod } from './key-ring.ts';
import { createStartKeys, type StartKeys } from './start-keys.ts';
import { tenantKeys, type TenantKeys } from './tenant-keys.ts';
import { LiveKeyFile } from './live-file.ts';
import { createManagers, type KeyManager, type ManagerSettings } from './managers/index.ts';
import { unusable } from './managers/types.ts';
import { unpackKeys } from './packed.ts';
import { createPayloadCipher } from './payload-cipher.ts';
import { publicHalf } from './remote-signer.ts';
import { formatSignerRef, parseSignerRef } from './signer-ref.ts';
import { newSecretText, WebhookSecrets } from './webhook-secrets.ts';

/** A key that is ready to be introduced. */
export interface PreparedKey {
  use: SigningUse;
  kid: string;
  jwk: PublicJwk;
  /** `file`, or what its key manager calls it. */
  signer: string;
}

export interface Keys {
  /** They came packed (`COUNTERSIGN_KEYS_FILE`): none is made, replaced or revoked here. */
  readonly packed: boolean;
  /** Signs that the gateway authenticated a human. Read it at each use, because it rotates. */
  readonly attestation: Signer;
  /** Keys that an attestation or a person's token may be signed with. */
  readonly attestationKeys: readonly PublicJwk[];
  readonly payloadCipher: PayloadCipher;
  /** For {@link createPayloadCodec}: the first encrypts. */
  readonly codec: readonly [NamedKey, ...NamedKey[]];
  /** What starts through Temporal are encrypted to. */
  readonly starts: StartKeys;
  readonly webhookSecrets: WebhookSecrets;
  /** Keyed commitments to a text, the current key's first. Nobody else can make one, or guess a short text from it. */
  readonly commitments: (purpose: string, text: string) => string[];
  /**
   * The keys of a tenant, made when they are first asked for. Ask only for tenants that exist.
   *
   * @throws CountersignError `configuration` when they cannot be read or made.
   */
  forTenant(tenant: string): TenantKeys;
  /**
   * Makes missing keys of a tenant, in key managers too, and checks that the key managers still have the keys in use.
   *
   * @returns what the owner should know, in sentences
   * @throws CountersignError `configuration` when a key cannot be used, `conflict` when they are packed and missing, `unavailable` when a key is needed for the first time and its
   * manager does not answer
   */
  ensure(tenant: string): Promise<string[]>;
  /** All keys of a use, pending ones included, oldest first. */
  periods(tenant: string, use: SigningUse): readonly KeyPeriod[];
  /**
   * Makes the next key of a use, or finds the one that is already prepared. Verifiers accept it from now on.
   *
   * @param signer where the key is to be, in the words of the setting; as the setting says when left out
   * @throws CountersignError `configuration`, `unavailable` as {@link Keys.ensure}; `conflict` when it is a key that was used before
   */
  prepare(tenant: string, use: SigningUse, signer?: string): Promise<PreparedKey>;
  /** The prepared key begins to sign. `until`: the end of the one before it. Both RFC 3339. Idempotent. */
  activate(tenant: string, use: SigningUse, kid: string, times: { since: string; until: string }): void;
  /** From entry `from` of the log on, signatures by this key no longer count. */
  revoke(tenant: string, use: SigningUse, kid: string, revoked: { at: string; from: number }): void;
}

/** Where new keys are made, and how key managers are reached. */
export interface KeySettings extends ManagerSettings {
  /** In the words of the setting; `{tenant}` stands for the tenant's name. */
  signers: Readonly<Record<SigningUse, string>>;
  /** A file with all of them (`packKeys`), which replaces those in the data folder. */
  packed?: string | undefined;
}

export const FILE_KEYS: KeySettings = {
  signers: { record: 'file', permit: 'file', log: 'file', attestation: 'file' },
  vault: null,
  googleUrl: undefined,
};

function newSecret(use: SecretKey['use'], since: string): SecretKey {
  return { kind: 'secret', use, since, until: null, secret: newSecretText() };
}

function secretsOf(keys: KeyFile['keys'], use: SecretKey['use']): [SecretKey, ...SecretKey[]] {
  const secretKeys = keys.filter((key): key is SecretKey => key.kind === 'secret' && key.use === use);
  // The key in use first: the one without an end.
  secretKeys.sort((a, b) => Number(a.until !== null) - Number(b.until !== null) || (a.since < b.since ? 1 : -1));
  const [first, ...rest] = secretKeys;
  if (first !== undefined && first.until === null) return [first, ...rest];
  throw new CountersignError('configuration', `a key file has no present key for \`${use}\`; restore it from a backup`);
}

const TENANT_USES = ['record', 'permit', 'log'] as const;

const now = (): string => new Date().toISOString();

/**
 * Opens the keys in `<dataDir>/keys`, and makes them at the first start. Several processes may do so concurrently, and get the same keys.
 *
 * @throws CountersignError `configuration` when they cannot be read or made, or are open to other users.
 */
export function openFileKeys(dataDir: string, settings: KeySettings = FILE_KEYS): Promise<Keys> {
  return Promise.resolve().then(() => {
    const folder = join(dataDir, 'keys');
    if (settings.packed !== undefined) unpackKeys(settings.packed, folder);
    return new FileKeys(folder, settings);
  });
}

const notPacked = (code: 'configuration' | 'conflict', path: string): CountersignError =>
  new CountersignError(
    code,
    `COUNTERSIGN_KEYS_FILE has no keys for \`${basename(path, '.json')}\`; pack them again with \`countersign keys pack --tenant\`, and start with that`,
  );

class FileKeys implements Keys {
  readonly packed: boolean;
  readonly payloadCipher: PayloadCipher;
  readonly codec: readonly [NamedKey, ...NamedKey[]];
  readonly starts: StartKeys;
  readonly webhookSecrets: WebhookSecrets;
  readonly commitments: Keys['commitments'];
  readonly #folder: string;
  readonly #settings: KeySettings;
  readonly #managers: KeyManager;
  readonly #engine: KeyRing;
  readonly #tenants = new Map<string, { ring: KeyRing; keys: TenantKeys }>();

  constructor(folder: string, settings: KeySettings) {
    this.packed = settings.packed !== undefined;
    this.#folder = folder;
    this.#settings = settings;
    this.#managers = createManagers(settings);
    const path = join(folder, 'engine.json');
    // The first attestation key is always made here. A rotation moves it to a key manager.
    this.#load(path, () => ({
      v: 1,
      keys: [
        newSigningKey('attestation', now()),
        newSecret('payload', now()),
        newSecret('codec', now()),
        newSecret('webhook', now()),
      ],
    }));
    const file = new LiveKeyFile(path);
    const secrets = (use: SecretKey['use']): [NamedKey, ...NamedKey[]] => {
      const [first, ...rest] = secretsOf(file.keys(), use);
      return [namedKey(first), ...rest.map(namedKey)];
    };
    this.payloadCipher = createPayloadCipher(secrets('payload'));
    this.codec = secrets('codec');
    this.starts = createStartKeys(this.codec);
    this.commitments = commitmentsBy(secretsOf(file.keys(), 'payload'));
    this.webhookSecrets = new WebhookSecrets(join(folder, 'webhook.json'), secretsOf(file.keys(), 'webhook')[0]);
    this.#engine = new KeyRing(file, this.#managers);
    this.#engine.present('attestation');
  }

  get attestation(): Signer {
    return this.#engine.present('attestation');
  }

  get attestationKeys(): readonly PublicJwk[] {
    const known = this.#engine.periods('attestation').filter(({ revoked }) => revoked === null);
    return known.map(({ jwk }) => jwk).reverse();
  }

  forTenant(tenant: string): TenantKeys {
    return this.#tenant(tenant).keys;
  }

  periods(tenant: string, use: SigningUse): readonly KeyPeriod[] {
    return this.#ring(tenant, use).periods(use);
  }

  async ensure(tenant: string): Promise<string[]> {
    const path = this.#path(tenant);
    if (!existsSync(path)) {
      if (this.packed) throw notPacked('conflict', path);
      const first = await Promise.all(TENANT_USES.map((use) => this.#newKey(tenant, use, this.#settings.signers[use])));
      loadOrMake(path, () => ({ v: 1, keys: first }));
    }
    const notices: string[] = [];
    for (const use of SIGNING_USES) notices.push(...(await this.#look(tenant, use)));
    return notices;
  }

  async prepare(tenant: string, use: SigningUse, signer = this.#settings.signers[use]): Promise<PreparedKey> {
    const ring = this.#ring(tenant, use);
    const key = await this.#newKey(tenant, use, signer);
    const where = key.kind === 'remote' ? key.signer : 'file';
    const ready = ring.periods(use).find((known) => known.pending && known.signer === where);
    const { kid, jwk } = ready ?? { jwk: publicHalf(key), kid: publicHalf(key).kid };
    if (ready === undefined) {
      if (ring.periods(use).some((known) => known.kid === kid)) {
        throw new CountersignError(
          'conflict',
          `\`${where}\` is a ${use} key that is in use or was; make another one in the key manager, or a new version of it, and name that`,
        );
      }
      ring.add(key);
    }
    return { use, kid, jwk, signer: where };
  }

  activate(tenant: string, use: SigningUse, kid: string, times: { since: string; until: string }): void {
    this.#ring(tenant, use).activate(use, kid, times);
  }

  revoke(tenant: string, use: SigningUse, kid: string, revoked: { at: string; from: number }): void {
    this.#ring(tenant, use).revoke(use, kid, revoked);
  }

  #load(path: string, make: () => KeyFile): void {
    if (!this.packed) loadOrMake(path, make);
    else if (!existsSync(path)) throw notPacked('configuration', path);
  }

  #ring(tenant: string, use: SigningUse): KeyRing {
    return use === 'attestation' ? this.#engine : this.#tenant(tenant).ring;
  }

  #path(tenant: string): string {
    if (!TENANT_NAME.test(tenant)) {
      throw new CountersignError(
        'configuration',
        'a tenant has 1 to 63 lower-case letters, digits, `-` or `_`, and begins and ends with a letter or digit',
      );
    }
    return join(this.#folder, 'tenants', `${tenant}.json`);
  }

  #tenant(tenant: string): { ring: KeyRing; keys: TenantKeys } {
    const known = this.#tenants.get(tenant);
    if (known !== undefined) return known;
    const path = this.#path(tenant);
    this.#load(path, () => {
      if (TENANT_USES.some((use) => this.#settings.signers[use] !== 'file')) {
        throw new CountersignError('internal', 'keys of a key manager are made before they are asked for');
      }
      return { v: 1, keys: TENANT_USES.map((use) => newSigningKey(use, now())) };
    });
    const ring = new KeyRing(new LiveKeyFile(path), this.#managers);
    // A file that lacks one of them is found now, not when something has to be signed.
    for (const use of TENANT_USES) ring.present(use);
    const made = { ring, keys: tenantKeys(ring, `countersign/${tenant}`) };
    this.#tenants.set(tenant, made);
    return made;
  }

  async #newKey(tenant: string, use: SigningUse, signer: string): Promise<AnySigningKey> {
    const ref = parseSignerRef(signer.replaceAll('{tenant}', tenant));
    if (ref.kind === 'file') return newSigningKey(use, now());
    const { ref: pinned, jwk } = await this.#managers.describe(ref);
    if (use === 'log' && jwk.alg !== 'EdDSA') {
      throw unusable(
        'is not Ed25519, and checkpoints of a log are signed with nothing else (C2SP signed-note); use another',
      );
    }
    if (ref.kind === 'aws-kms' && jwk.alg === 'EdDSA' && use !== 'log') {
      throw unusable(`is Ed25519, with which AWS signs no more than 4,096 bytes; use ECC_NIST_P256 for ${use} keys`);
    }
    const { crv, x, y, kty } = jwk;
    const half = y === undefined ? { kty, crv, x } : { kty, crv, x, y };
    return { kind: 'remote', use, since: now(), until: null, signer: formatSignerRef(pinned), jwk: half };
  }

  /** Checks that the current key of a use is the one in the settings, and that its manager still has it. */
  async #look(tenant: string, use: SigningUse): Promise<string[]> {
    const present = this.periods(tenant, use).findLast(({ until, pending }) => until === null && !pending);
    const wanted = this.#settings.signers[use].replaceAll('{tenant}', tenant);
    if (present === undefined || (present.signer === 'file' && wanted === 'file')) return [];
    const rotate = `\`countersign keys rotate --use ${use}\``;
    const other = [
      `the ${use} key in use is \`${present.signer}\`, and the setting names \`${wanted}\`; ${rotate} brings it into use`,
    ];
    if (present.signer === 'file' || wanted === 'file') return other;
    try {
      const ref = parseSignerRef(present.signer);
      if (ref.kind === 'file') return [];
      const { jwk } = await this.#managers.describe(ref);
      if (jwk.kid !== present.kid)
        throw unusable(`\`${present.signer}\` is another one than the ${use} key in use; restore it`);
      const named = await this.#newKey(tenant, use, wanted);
      return publicHalf(named).kid === present.kid ? [] : other;
    } catch (error) {
      if (isCountersignError(error) && error.code === 'unavailable') {
        return [`${error.message}; until then every action waits for its ${use} key`];
      }
      throw error;
    }
  }
}
