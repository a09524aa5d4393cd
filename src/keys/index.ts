export { nodeVerify, nodeVerifyEd25519, type NoteSigner } from './ed25519.ts';
export * from './file-keys.ts';
export { createPayloadCodec } from './payload-codec.ts';
export type { NamedKey } from './aead.ts';
