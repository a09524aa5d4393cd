import type { App } from '@slack/bolt';
import type { Desk } from '../../desk.ts';
import { countersignCommand, type CommandDoor } from './countersign.ts';

export function register(app: App, desk: Desk<CommandDoor>): void {
  app.command('/countersign', countersignCommand(desk));
}
