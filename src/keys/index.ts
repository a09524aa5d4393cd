export {
  nodeVerify,
  nodeVerifyEd25519,
  verifyNoteUnlessMadeHere,
  verifyUnlessMadeHere,
  type NoteSigner,
} from './ed25519.ts';
export * from './file-keys.ts';
export type { VaultSettings } from './managers/index.ts';
export { packKeys } from './packed.ts';
export { createPayloadCodec, createViewingCodec } from './payload-codec.ts';
export type { NamedKey } from './aead.ts';
export { type KeyPeriod } from './key-ring.ts';
export { parseSignerRef, SIGNER_FORMS } from './signer-ref.ts';
export type { TenantKeys, TenantUse } from './tenant-keys.ts';
export type { StartKeyJwk, StartKeys } from './start-keys.ts';
