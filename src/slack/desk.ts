/** What every listener works with. */
import type { WebClient } from '@slack/web-api';
import type { SlackDoor } from '../gateway/slack-types.ts';
import type { SlackLog } from './log.ts';
import type { MetadataSeal } from './metadata.ts';
import type { Tasks } from './tasks.ts';
import type { UserCheck } from './users.ts';

export interface Desk {
  door: SlackDoor;
  /** With a short timeout: somebody waits. */
  client: WebClient;
  users: UserCheck;
  seal: MetadataSeal;
  tasks: Tasks;
  log: SlackLog;
  /** Milliseconds since the epoch. */
  now(): number;
}
