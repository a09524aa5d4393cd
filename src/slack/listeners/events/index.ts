import type { App } from '@slack/bolt';
import type { Desk } from '../../desk.ts';
import { appHomeOpened, type HomeDoor } from './app-home-opened.ts';

export function register(app: App, desk: Desk<HomeDoor>): void {
  app.event('app_home_opened', appHomeOpened(desk));
}
