/** Opsgenie's Schedule API: `GET /v2/schedules/{name}/on-calls`. In an escalation, the first ones are those with the shortest delay. */
import { z } from 'zod';
import { readAnswerOf, Unreadable, type HttpSourceDeps, type OnCallSource } from './types.ts';

export interface OpsgenieSettings {
  /** Base of the API: `https://api.opsgenie.com`, in the EU `https://api.eu.opsgenie.com`. */
  url: string;
  /** Name of the schedule. */
  schedule: string;
}

interface Participant {
  name: string;
  type: string;
  escalationTime?: number | null | undefined;
  onCallParticipants?: Participant[] | null | undefined;
}

const participant: z.ZodType<Participant> = z.looseObject({
  name: z.string(),
  type: z.string(),
  escalationTime: z.number().nullish(),
  get onCallParticipants() {
    return z.array(participant).nullish();
  },
});
const answerSchema = z.looseObject({ data: z.looseObject({ onCallParticipants: z.array(participant) }) });

/** Schedules and escalations inside one another. */
const DEPTH_MAX = 8;

export function opsgenie({ url, schedule }: OpsgenieSettings, deps: HttpSourceDeps): OnCallSource {
  return {
    source: 'opsgenie',
    async firstTier(_at, signal) {
      const path = `v2/schedules/${encodeURIComponent(schedule)}/on-calls`;
      const asked = new URL(path, url.endsWith('/') ? url : `${url}/`);
      asked.searchParams.set('scheduleIdentifierType', 'name');
      const headers = { authorization: `GenieKey ${deps.token()}` };
      const read = answerSchema.safeParse(await readAnswerOf(deps, asked, headers, signal));
      if (!read.success) throw new Unreadable('its answer does not say who is on call');
      return firstOf(read.data.data.onCallParticipants, 0);
    },
  };
}

function firstOf(participants: readonly Participant[], depth: number): string[] {
  if (depth > DEPTH_MAX) return [];
  return participants.flatMap(({ name, type, onCallParticipants }): string[] => {
    if (type === 'user') return [name];
    const below = onCallParticipants ?? [];
    if (type !== 'escalation') return firstOf(below, depth + 1);
    const least = Math.min(...below.map(({ escalationTime }) => escalationTime ?? 0));
    const first = below.filter(({ escalationTime }) => (escalationTime ?? 0) === least);
    return firstOf(first, depth + 1);
  });
}
