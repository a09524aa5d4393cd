/** What every listener works with. */
import type { WebClient } from '@slack/web-api';
import type { SlackDecisions, SlackDoor, SlackIdentity, SlackMessages } from '../gateway/slack-types.ts';
import type { Dressing } from './dress.ts';
import type { SlackLog } from './log.ts';
import type { MetadataSeal } from './metadata.ts';
import type { Tasks } from './tasks.ts';
import type { UserCheck } from './users.ts';

/** The parts of the door that a decision's answer needs. */
export type DecisionDoor = SlackIdentity & SlackMessages & SlackDecisions;

/** @typeParam Door The parts of the door that a listener uses; it gets no others. */
export interface Desk<Door = SlackDoor> {
  door: Door;
  /** With a short timeout: somebody waits. */
  client: WebClient;
  users: UserCheck;
  dressing: Dressing;
  seal: MetadataSeal;
  tasks: Tasks;
  log: SlackLog;
  /** Milliseconds since the epoch. */
  now(): number;
}
