export * from './commitment.ts';
export * from './disclosure.ts';
export * from './dsse.ts';
export * from './ecdsa-der.ts';
export * from './permit.ts';
export * from './receipt.ts';
export * from './record.ts';
export * from './signer.ts';
