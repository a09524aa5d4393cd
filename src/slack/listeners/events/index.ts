import type { App } from '@slack/bolt';
import type { Desk } from '../../desk.ts';
import { appHomeOpened, type HomeDoor } from './app-home-opened.ts';
import { linkShared, type LinkDoor } from './link-shared.ts';

export function register(app: App, desk: Desk<HomeDoor & LinkDoor>): void {
  app.event('app_home_opened', appHomeOpened(desk));
  app.event('link_shared', linkShared(desk));
}
