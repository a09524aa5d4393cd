/** Slack: the app that people click in, and the notifier that tells them. */
export { createSlackApp, type SlackApp, type SlackAppOptions } from './app.ts';
export type * from '../gateway/slack-types.ts';
export type { SlackLog } from './log.ts';
export { createSlackNotifier, type NotifierDeps } from './notifier.ts';
export type { SlackPeople } from './places.ts';
export { createWebClient } from './web.ts';
