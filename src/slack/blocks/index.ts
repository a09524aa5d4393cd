/** View model to Block Kit: pure, and within Slack's limits whatever the model holds. */
export * from './alike.ts';
export * from './answers.ts';
export * from './digest.ts';
export * from './freezes.ts';
export * from './grants.ts';
export * from './home.ts';
export type { Block, Rendered, View } from './parts-6/kit.ts';
export * from './message.ts';
export * from './modals.ts';
export * from './model.ts';
export { inPlain } from './newer.ts';
export * from './parts-7/pages.ts';
export * from './plan.ts';
export * from './shown.ts';
export * from './thread.ts';
export * from './unfurl.ts';
export { formError, safeUrl } from './parts-6/text.ts';
export { what } from './words.ts';
