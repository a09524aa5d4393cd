/** Sealed facts about a request, in words for its approvers. Every door uses these words. */
import type { AdviceFact, OnCallFact, ProvenanceFact } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { labelOf } from './disclosed.ts';

export interface NotedFact {
  label: string;
  value: string;
}

/** Known origins in words; others are quoted as they came. */
const ORIGINS = new Map([
  ['untrusted', 'an untrusted source'],
  ['trusted', 'a trusted source'],
  ['web', 'a web page'],
  ['web page', 'a web page'],
  ['email', 'an e-mail'],
  ['user', 'the user’s own words'],
  ['tool', 'the answer of a tool'],
  ['model', 'a model'],
  ['file', 'a file'],
]);

export const notedFacts = ({
  provenance,
  oncall = [],
  advice = [],
}: Pick<ActionState, 'provenance' | 'oncall' | 'advice'>): NotedFact[] => [
  ...advice.map(adviceFact),
  ...(provenance === undefined ? [] : originFacts(provenance)),
  ...oncall.map(onCallFact),
];

const ADVISED = { none: 'nothing against it', stage: 'to be looked at', refuse: 'against it' } as const;

/** An adviser's answer, or that none came in time, which changed nothing. */
const adviceFact = ({ ask, answer, reason, why }: AdviceFact): NotedFact => ({
  label: `Advice of ${ask}`,
  value:
    answer === null
      ? `none (${why ?? 'it said nothing'}); that changes nothing`
      : `${ADVISED[answer]}${reason === null ? '' : `: ${reason}`}`,
});

const SOURCES = { pagerduty: 'PagerDuty', opsgenie: 'Opsgenie', icalendar: 'the calendar' } as const;

/** Who is on call, or who is asked because the rota did not answer. */
function onCallFact({ ref, source, people, fallback }: OnCallFact): NotedFact {
  const name = ref.slice(ref.indexOf(':') + 1);
  const value =
    fallback === null
      ? `${people.join(', ')}, by ${SOURCES[source]}`
      : `not known (${SOURCES[source]}: ${fallback.why}); asked instead: ${fallback.refs.join(', ')}`;
  return { label: `On call for ${name}`, value };
}

/** `recipient came from a web page`, one fact for all fields. */
function originFacts({ believed, fields }: ProvenanceFact): NotedFact[] {
  const said = Object.entries(fields)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, origin]) => {
      const came = believed ? 'came' : 'is said to come';
      return `${labelOf(path).toLowerCase()} ${came} from ${ORIGINS.get(origin) ?? origin}`;
    });
  if (said.length === 0) return [];
  return [{ label: 'Origin', value: `${said.join('; ')}${believed ? '' : ' (nobody vouches for that)'}` }];
}
