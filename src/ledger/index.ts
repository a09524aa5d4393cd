export * from './checkpoint.ts';
export * from './ed25519.ts';
export * from './error.ts';
export * from './merkle.ts';
export * from './note.ts';
export * from './note-signature.ts';
export * from './proof.ts';
export * from './tile.ts';
