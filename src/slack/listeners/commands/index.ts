import type { App } from '@slack/bolt';
import type { Desk } from '../../desk.ts';
import { countersign } from './countersign.ts';

export function register(app: App, desk: Desk): void {
  app.command('/countersign', countersign(desk));
}
