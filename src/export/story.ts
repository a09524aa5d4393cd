/** The records of one action, as one story: what was asked, judged, decided, released and done. */
import { actingIds } from '../contract/acting.ts';
import type {
  DecisionRecord,
  OtherRecord,
  OutcomeRecord,
  RecordActor,
  RecordPayload,
  RedemptionRecord,
  ReleaseRecord,
  VerdictRecord,
} from '../contract/index.ts';
import { isErasure } from '../sealing/index.ts';
import type { ExportRecord } from './line.ts';
import { RENDERING, RENDERING_WITHOUT_MONEY } from './body.ts';
import { placesInFirstRendering } from './currencies.ts';
import { UNDISCLOSED, type Money } from './money.ts';
import { amountOf, inCurrency, resourceOf } from './values.ts';

/** How an action ended, as far as its records say. */
export const ENDINGS = [
  'executed',
  'failed',
  'skipped',
  'unreported',
  'lapsed',
  'released',
  'waiting',
  'refused by policy',
  'refused by a person',
  'expired',
  'withdrawn',
] as const;
export type Ending = (typeof ENDINGS)[number];

/** A governed action. */
export interface Story {
  id: string;
  first: ExportRecord;
  /** Null where the first record is no verdict: the export then holds only part of it. */
  verdict: VerdictRecord | null;
  decisions: { record: DecisionRecord; index: number }[];
  /** Verdicts after the first: what refused a parked action when it was judged once more. */
  rejudged: VerdictRecord[];
  release: ReleaseRecord | null;
  redemption: RedemptionRecord | null;
  outcomes: OutcomeRecord[];
  /** Reconciliations, reviews and the deletion of the payload. */
  others: OtherRecord[];
  ending: Ending;
  records: readonly ExportRecord[];
}

/** What is not an action: policy, keys, freezes, exports. */
export interface Chapter {
  id: string;
  type: OtherRecord['type'];
  entries: { record: OtherRecord; index: number }[];
  records: readonly ExportRecord[];
}

/** `agent:bot, for user:requester@acme.test`. */
export const actorText = (actor: RecordActor): string => actingIds(actor).join(', for ');

const isOther = (record: RecordPayload): record is OtherRecord =>
  !['verdict', 'decision', 'release', 'redemption', 'outcome'].includes(record.type);

/** Tells the records of one action, in their order; at least one. */
export function storyOf(records: readonly ExportRecord[]): Story | Chapter {
  const first = records[0];
  if (first === undefined) throw new RangeError('a story has records');
  const { action: id } = first.record;
  if (isOther(first.record) && first.record.seq === 0) {
    const { type } = first.record;
    const entries = records.flatMap(({ record, index }) => (isOther(record) ? [{ record, index }] : []));
    return { id, type, entries, records };
  }
  const story: Story = {
    id,
    first,
    verdict: null,
    decisions: [],
    rejudged: [],
    release: null,
    redemption: null,
    outcomes: [],
    others: [],
    ending: 'waiting',
    records,
  };
  for (const { record, index } of records) add(story, record, index);
  story.ending = endingOf(story);
  return story;
}

function add(story: Story, record: RecordPayload, index: number): void {
  switch (record.type) {
    case 'verdict':
      if (story.verdict === null && record.seq === 0) story.verdict = record;
      else story.rejudged.push(record);
      return;
    case 'decision':
      story.decisions.push({ record, index });
      return;
    case 'release':
      story.release = record;
      return;
    case 'redemption':
      story.redemption = record;
      return;
    case 'outcome':
      story.outcomes.push(record);
      return;
    default:
      story.others.push(record);
  }
}

function endingOf({ verdict, decisions, rejudged, release, outcomes, others }: Story): Ending {
  const settled = others.findLast(({ type }) => type === 'reconcile')?.body['status'];
  if (settled === 'executed' || settled === 'failed' || settled === 'skipped') return settled;
  const outcome = outcomes.at(-1);
  if (outcome !== undefined) return outcome.status;
  if (release !== null) return 'released';
  if (others.some(({ type, body }) => type === 'drill' && body['end'] === 'missed')) return 'refused by policy';
  if ([verdict, ...rejudged].some((one) => one?.verdict.decision === 'refuse')) return 'refused by policy';
  for (const { record } of [...decisions].reverse()) {
    if (record.decision === 'refuse') return 'refused by a person';
    if (record.decision === 'expired') return 'expired';
    if (record.decision === 'cancelled') return 'withdrawn';
  }
  return 'waiting';
}

export const isStory = (part: Story | Chapter): part is Story => 'verdict' in part;

/** True when the payload was deleted. */
export const isErased = ({ others }: Story): boolean => others.some(isErasure);

/** The surface of a story, wherever it stands. */
export function surfaceOf({ first, verdict }: Story): string {
  const record = verdict ?? first.record;
  return 'surface' in record ? record.surface : String((record as OtherRecord).body['surface'] ?? '');
}

/** What, how much as it then stands, and about what: `refund.create, 420.50 USD, order ord_991`. */
export function whatOf({ verdict }: Story, money: Money | null = null, rendering = RENDERING): string {
  if (verdict === null) return 'an action of which the first records are not here';
  const amount =
    money === null || money.now === null || money.now === UNDISCLOSED
      ? amountOf(verdict.disclosed, rendering === RENDERING_WITHOUT_MONEY ? placesInFirstRendering : undefined)
      : inCurrency(money.now, money.currency);
  const parts = [verdict.verb, amount, resourceOf(verdict.disclosed)];
  return parts.filter((part) => part !== null).join(', ');
}

/** How it was released; null where it was not. */
export const RELEASED_BY: Record<ReleaseRecord['basis'], string> = {
  rule: 'a rule of the policy, without a human',
  override: 'a supervised override: the people named below decided',
  break_glass: 'break-glass: one person’s word in an emergency',
  observe: 'an observing policy, which releases whatever it would say',
  grant: 'a standing approval that a person gave before',
};
