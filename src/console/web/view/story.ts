/** The story of an action in words, told by its sealed records alone. Pure. */
import { presenceIn, type Presence } from '../../../contract/presence.ts';
import { shownIn, type SealedShown } from '../../../sealing/shown.ts';
import type { RecordItem } from '../../../sealing/record-view.ts';
import type { Tone } from './tones.ts';

export interface StoryStep {
  hash: string;
  index: number;
  at: string;
  tone: Tone;
  /** What happened, in one sentence. */
  said: string;
  /** A person's text, unchanged. */
  quote: string | null;
  details: { label: string; value: string }[];
  /** Hash of what the person was shown before they decided, and who they are. */
  rendering: SealedShown | null;
}

type Payload = RecordItem['record'];
type StepText = Omit<StoryStep, 'hash' | 'index' | 'at' | 'rendering'>;

const person = (id: string): string => id.replace(/^user:/, '');
const shortHash = (hash: string): string => hash.replace(/^(sha256:[0-9a-f]{12}).*$/, '$1…');
const words = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

const DOOR_WORDS: Readonly<Record<string, string>> = {
  slack: 'in Slack',
  teams: 'in Teams',
  console: 'in the console',
  api: 'through the API',
  cli: 'on the command line',
  engine: 'by itself',
};

export const PRESENCE_WORDS: Readonly<Record<Presence, string>> = {
  passkey: 'by their own passkey, which signed this',
  click: 'by a click in a session of theirs',
  token: 'by a credential of theirs alone',
};

const DECISION_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  approve: ['approved', 'human'],
  refuse: ['refused', 'bad'],
  return: ['asked a question', 'warn'],
  extend: ['gave it more time', 'quiet'],
  answered: ['answered the question', 'quiet'],
  escalated: ['More people were asked', 'warn'],
  expired: ['Nobody decided in time: it was refused', 'bad'],
  cancelled: ['It was withdrawn', 'quiet'],
};

const VERDICT_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  approve: ['Policy approved it', 'good'],
  constrain: ['Policy approved it with changes', 'warn'],
  supervise: ['Policy asks a person to decide', 'accent'],
  refuse: ['Policy refused it', 'bad'],
};

const OUTCOME_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  executed: ['It was executed', 'good'],
  failed: ['It was tried and failed', 'bad'],
  skipped: ['It was skipped: nothing happened', 'quiet'],
  unreported: ['It was begun, and nobody reported how it ended', 'warn'],
  lapsed: ['Nobody collected it in time: nothing happened', 'quiet'],
};

const RELEASE_WORDS: Readonly<Record<string, readonly [string, Tone]>> = {
  rule: ['Released by a rule', 'good'],
  override: ['Released because a person approved it', 'human'],
  break_glass: ['Released by breaking the glass', 'bad'],
  observe: ['Released because the policy only observes', 'warn'],
};

const known = (table: Readonly<Record<string, readonly [string, Tone]>>, word: string): readonly [string, Tone] =>
  table[word] ?? [word, 'quiet'];

const detail = (label: string, value: string | null | undefined): StoryStep['details'] =>
  value == null || value === '' ? [] : [{ label, value }];

function yesOrNo(value: unknown): 'yes' | 'no' | null {
  if (typeof value !== 'boolean') return null;
  return value ? 'yes' : 'no';
}

function verdictStep(record: Extract<Payload, { type: 'verdict' }>): StepText {
  const { verdict, actor, plan } = record;
  const [said, tone] = known(VERDICT_WORDS, verdict.decision);
  const whose = actor.onBehalfOf === undefined ? '' : ` for ${person(actor.onBehalfOf.id)}`;
  return {
    tone,
    said: `${person(actor.id)} asked${whose}. ${said}.`,
    quote: null,
    details: [
      ...detail('Why', verdict.reasons.join('; ')),
      ...detail('Takes back', record.reverses),
      ...detail('Basis', verdict.basis.replaceAll('_', ' ')),
      ...detail(
        'Waits for',
        plan?.stages.map(({ name, approvers }) => `${name}: ${approvers.map(person).join(', ')}`).join('; '),
      ),
    ],
  };
}

function decisionStep(record: Extract<Payload, { type: 'decision' }>): StepText {
  const [verb, tone] = known(DECISION_WORDS, record.decision);
  const byClock = ['expired', 'cancelled', 'escalated'].includes(record.decision);
  const door = DOOR_WORDS[record.via] ?? record.via;
  const presence = presenceIn(record);
  const standsIn = record.delegation === null ? '' : ` in the name of ${person(record.delegation.from)}`;
  return {
    tone,
    said: byClock ? `${verb}.` : `${person(record.by)} ${verb}${standsIn}, ${door}.`,
    quote: record.reason,
    details: [
      ...Object.entries(record.changes ?? {}).flatMap(([path, { from, to }]) =>
        detail(`Changed ${path}`, `${words(from)} → ${words(to)}`),
      ),
      ...detail('Until', record.until),
      ...detail('More people', record.added?.map(person).join(', ')),
      ...detail(
        'Was shown',
        record.shown === null ? null : `${shortHash(record.shown.hash)}, rendered by ${record.shown.renderer}`,
      ),
      ...detail('Was there', presence === null ? null : PRESENCE_WORDS[presence]),
      ...detail('Took on', record.responsibility),
    ],
  };
}

function textOf(record: Payload): StepText {
  switch (record.type) {
    case 'verdict':
      return verdictStep(record);
    case 'decision':
      return decisionStep(record);
    case 'release': {
      const [said, tone] = known(RELEASE_WORDS, record.basis);
      const again = record.replaces == null ? '' : ' again: the permit before is dead';
      return { tone, said: `${said}${again}.`, quote: null, details: detail('Permit until', record.permit.expiresAt) };
    }
    case 'redemption':
      return { tone: 'good', said: `${person(record.by)} took the permit: it began.`, quote: null, details: [] };
    case 'outcome': {
      const [said, tone] = known(OUTCOME_WORDS, record.status);
      return { tone, said: `${said}.`, quote: null, details: detail('Reference', record.reference) };
    }
    case 'review':
      return {
        tone: record.by === null ? 'warn' : 'human',
        said:
          record.by === null
            ? 'The look back at the broken glass is overdue.'
            : `${person(record.by)} looked back at it.`,
        quote: record.reason,
        details: detail('Was it right', yesOrNo(record.body['right'])),
      };
    default:
      return { tone: 'quiet', said: `A record of type ${record.type} was sealed.`, quote: record.reason, details: [] };
  }
}

export const storyOfRecords = (records: readonly RecordItem[]): StoryStep[] =>
  [...records]
    .sort((a, b) => a.index - b.index)
    .map(({ hash, index, record }) => ({ hash, index, at: record.at, rendering: shownIn(record), ...textOf(record) }));
