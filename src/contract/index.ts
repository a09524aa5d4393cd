export * from './action.ts';
export * from './errors.ts';
export * from './json.ts';
export * from './record.ts';
export * from './request.ts';
export * from './verdict.ts';
export * from './passkey.ts';
