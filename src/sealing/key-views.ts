export { SIGNING_USES } from '../contract/views/index.ts';
export type { KeyHistory, KeyView, SigningUse } from '../contract/views/index.ts';
