import type { Express } from 'express';
import type { Notifier } from '../activities/notifier.ts';
import type { Gateway } from '../gateway/types.ts';
import type { SlackSettings } from './config.ts';
import type { Parts } from './parts.ts';

/** A Slack app that is connected to this process. */
export interface SlackConnection {
  notifier: Notifier;
  /** Mounts `POST /slack/events`; before any body parser. Nothing in Socket Mode. */
  mount(app: Express): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function connectSlack(
  _parts: Parts,
  _gateway: Gateway,
  _options: { settings: Partial<SlackSettings> | null; consoleUrl: string },
): Promise<SlackConnection | null> {
  return Promise.resolve(null);
}
