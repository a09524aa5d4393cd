/** PagerDuty's REST API v2: `GET /oncalls` of one escalation policy. Level 1 is asked first. */
import { z } from 'zod';
import { readAnswerOf, Unreadable, type HttpSourceDeps, type OnCallSource } from './types.ts';

export interface PagerDutySettings {
  /** Base of the API. */
  url: string;
  /** Id of the escalation policy, such as `PT20YPA`. */
  escalationPolicy: string;
}

/** Entries of one page: more than one escalation policy has. */
const PAGE = 100;

const answerSchema = z.looseObject({
  oncalls: z.array(
    z.looseObject({
      escalation_level: z.int(),
      user: z.looseObject({ email: z.string().nullish() }),
      escalation_policy: z.looseObject({ id: z.string() }),
      start: z.string().nullish(),
      end: z.string().nullish(),
    }),
  ),
  more: z.boolean().nullish(),
});

export function pagerDuty({ url, escalationPolicy }: PagerDutySettings, deps: HttpSourceDeps): OnCallSource {
  return {
    source: 'pagerduty',
    async firstTier(at, signal) {
      const asked = new URL('oncalls', url.endsWith('/') ? url : `${url}/`);
      asked.searchParams.append('escalation_policy_ids[]', escalationPolicy);
      asked.searchParams.append('include[]', 'users');
      asked.searchParams.set('limit', String(PAGE));
      const headers = {
        accept: 'application/vnd.pagerduty+json;version=2',
        authorization: `Token token=${deps.token()}`,
      };
      const read = answerSchema.safeParse(await readAnswerOf(deps, asked, headers, signal));
      if (!read.success) throw new Unreadable('its answer does not say who is on call');
      if (read.data.more === true) throw new Unreadable('it has more on-calls than are read');
      const now = read.data.oncalls.filter(
        ({ escalation_level: level, escalation_policy: policy, start, end }) =>
          level === 1 && policy.id === escalationPolicy && isWithin(at, start, end),
      );
      return now.flatMap(({ user }) => user.email ?? []);
    },
  };
}

/** Someone who is always on call has neither. */
const isWithin = (at: number, start: string | null | undefined, end: string | null | undefined): boolean =>
  (start == null || Date.parse(start) <= at) && (end == null || at < Date.parse(end));
