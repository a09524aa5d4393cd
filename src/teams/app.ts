/** The Teams app: the Bot Framework posts people's activities here. Each is checked before it counts. */
import express, { type Express, type Request, type Response } from 'express';
import { BoundedMap } from '../canonical/index.ts';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { createTasks } from '../slack/tasks.ts';
import { readActivity, type Activity } from './activity.ts';
import type { TeamsAuth } from './auth.ts';
import { isAllowed } from './client.ts';
import { handleActivity, type TeamsDoorDeps } from './door.ts';

/** Where the Bot Framework posts activities. */
export const MESSAGES_PATH = '/teams/messages';

/** Bytes of an activity: the inputs of a card, and their envelope. */
const BODY_LIMIT = 256 * 1024;
/** How many activities are remembered, so that one counts once. */
const REMEMBERED = 20_000;
/** Milliseconds for which a stop waits for running decisions. */
const STOP_MS = 10_000;

export interface TeamsAppOptions extends Omit<TeamsDoorDeps, 'tasks' | 'log'> {
  auth: TeamsAuth;
  serviceUrls: readonly string[];
  log: TeamsDoorDeps['log'] & { info(facts: object, text: string): void };
}

export interface TeamsApp {
  /** Takes `POST /teams/messages`. */
  mount(app: Express): void;
  /** Finishes work that was answered but is not done. */
  stop(): Promise<void>;
}

export function createTeamsApp(options: TeamsAppOptions): TeamsApp {
  const { auth, serviceUrls, log } = options;
  const deps: TeamsDoorDeps = { ...options, tasks: createTasks(log) };
  const seen = new BoundedMap<string, true>(REMEMBERED);

  const admitted = async (request: Request): Promise<Activity> => {
    const activity = readActivity(request.body);
    if (!isAllowed(activity.serviceUrl, serviceUrls)) {
      throw new CountersignError('forbidden', 'its service is not one that the settings allow');
    }
    await auth.check(request.get('authorization'), activity.serviceUrl);
    return activity;
  };
  const take = async (request: Request, response: Response): Promise<void> => {
    try {
      const activity = await admitted(request);
      const once = activity.id === undefined ? null : `${activity.conversation.id} ${activity.id}`;
      if (once === null && activity.type === 'invoke') throw new CountersignError('invalid-request', 'it has no id');
      if (once !== null && seen.get(once) === true) throw new CountersignError('conflict', 'it was sent before');
      if (once !== null) seen.set(once, true);
      const answer = await handleActivity(deps, activity);
      if (answer === null) response.status(200).end();
      else response.status(200).json(answer);
    } catch (error) {
      const known = isCountersignError(error) ? error : null;
      const status = known?.status ?? 500;
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ why, ip: request.ip, status }, 'a request to the Teams endpoint was refused');
      response.status(status).end();
    }
  };

  return {
    mount(app) {
      app.post(MESSAGES_PATH, express.json({ limit: BODY_LIMIT, inflate: false }), (request, response) => {
        void take(request, response);
      });
    },
    stop: () => deps.tasks.drained(STOP_MS),
  };
}
