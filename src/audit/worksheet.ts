/** What an auditor writes down of each sampled action, filled in from its sealed records, each answer with the records that prove it. */
import { actingIds, type DecisionRecord, type RecordPayload, type VerdictRecord } from '../contract/index.ts';
import { isAmong, isFolded } from '../sealing/index.ts';

export const WORKSHEET_QUESTIONS = {
  'named-approver': 'Did somebody decide whom policy names for it?',
  'four-eyes': 'Was it somebody else than who asked?',
  'in-time': 'Was it decided before its time was over?',
  'words-given': 'Did whoever let it through say why?',
  'amount-as-approved': 'Was as much executed as was approved?',
  'executed-once': 'Was it executed once, and reported?',
} as const;
export type WorksheetQuestion = keyof typeof WORKSHEET_QUESTIONS;

export interface WorksheetCell {
  question: WorksheetQuestion;
  /** `none`: the question does not arise, or policy does not disclose the values for it. */
  answer: 'yes' | 'no' | 'none';
  says: string;
  /** Hashes of the records that it follows from. */
  proof: string[];
}

export interface HashedRecord {
  hash: string;
  record: RecordPayload;
}

type Answered = Omit<WorksheetCell, 'question'>;

const none = (says: string, proof: string[] = []): Answered => ({ answer: 'none', says, proof });
const yesOrNo = (yes: boolean, says: string, proof: string[]): Answered => ({
  answer: yes ? 'yes' : 'no',
  says,
  proof,
});

/**
 * @param records of one action, in their order
 * @param amounts as they were approved and executed; null where there is none, or it is not disclosed
 */
export function worksheetOf(
  records: readonly HashedRecord[],
  amounts: { approved: string | null; executed: string | null },
): WorksheetCell[] {
  const first = records.find(isVerdict);
  const words = records.filter(isDecision);
  const decision = words.filter(({ record }) => ['approve', 'refuse'].includes(record.decision)).at(-1);
  const of = (question: WorksheetQuestion, answered: Answered): WorksheetCell => ({ question, ...answered });
  if (first === undefined) return [];
  return [
    of('named-approver', namedApprover(first, words, decision)),
    of('four-eyes', fourEyes(first, decision)),
    of('in-time', inTime(first, words, decision)),
    of('words-given', wordsGiven(decision)),
    of('amount-as-approved', amountAsApproved(records, amounts)),
    of('executed-once', executedOnce(records)),
  ];
}

interface Of<T> {
  hash: string;
  record: T;
}

const isVerdict = (one: HashedRecord): one is Of<VerdictRecord> => one.record.type === 'verdict';
const isDecision = (one: HashedRecord): one is Of<DecisionRecord> => one.record.type === 'decision';

const NOBODY = 'nobody decided: policy did';

function namedApprover(
  { hash, record: { plan } }: Of<VerdictRecord>,
  words: readonly Of<DecisionRecord>[],
  decision: Of<DecisionRecord> | undefined,
): Answered {
  if (decision === undefined) return none(NOBODY, [hash]);
  const { by, stage, delegation, membership } = decision.record;
  const added = words.filter(({ record }) => record.added !== null);
  const planned = plan?.stages[stage];
  const lists = [
    planned?.approvers ?? [],
    ...added.flatMap(({ record }) => [record.added ?? [], foldedOnly(planned?.escalate?.approvers)]),
  ];
  const who = delegation?.from ?? by;
  const says = delegation === null ? by : `${by}, standing in for ${delegation.from}`;
  return yesOrNo(
    lists.some((people) => isAmong(people, who, membership)),
    says,
    [hash, ...added.map((one) => one.hash), decision.hash],
  );
}

/** Where records name added approvers by a hash, each decider proves to be one of them. */
const foldedOnly = (people: readonly string[] = []): readonly string[] => (isFolded(people) ? people : []);

function fourEyes({ hash, record }: Of<VerdictRecord>, decision: Of<DecisionRecord> | undefined): Answered {
  if (decision === undefined) return none(NOBODY, [hash]);
  const asked = actingIds(record.actor);
  return yesOrNo(!asked.includes(decision.record.by), `${decision.record.by} decided, ${asked.join(' for ')} asked`, [
    hash,
    decision.hash,
  ]);
}

function inTime(
  { hash, record }: Of<VerdictRecord>,
  words: readonly Of<DecisionRecord>[],
  decision: Of<DecisionRecord> | undefined,
): Answered {
  if (decision === undefined || record.plan === null) return none(NOBODY, [hash]);
  const extended = words.filter(({ record: { decision: what } }) => what === 'extend');
  const until = extended.at(-1)?.record.until;
  const end = until == null ? Date.parse(record.facts.now) + record.plan.expiresMs : Date.parse(until);
  const says = `decided ${decision.record.at}, open until ${new Date(end).toISOString()}`;
  return yesOrNo(Date.parse(decision.record.at) <= end, says, [
    hash,
    ...extended.map((one) => one.hash),
    decision.hash,
  ]);
}

function wordsGiven(decision: Of<DecisionRecord> | undefined): Answered {
  if (decision === undefined) return none(NOBODY);
  const reason = (decision.record.reason ?? '').trim();
  return yesOrNo(reason !== '', reason === '' ? 'no words' : reason, [decision.hash]);
}

function amountAsApproved(
  records: readonly HashedRecord[],
  { approved, executed }: { approved: string | null; executed: string | null },
): Answered {
  const outcome = records.findLast(({ record }) => record.type === 'outcome');
  if (outcome === undefined || approved === null || executed === null) {
    return none('nothing was executed, or no amount is disclosed', outcome === undefined ? [] : [outcome.hash]);
  }
  const release = records.findLast(({ record }) => record.type === 'release');
  const proof = [...(release === undefined ? [] : [release.hash]), outcome.hash];
  return yesOrNo(approved === executed, `approved ${approved}, executed ${executed}`, proof);
}

function executedOnce(records: readonly HashedRecord[]): Answered {
  const taken = records.filter(({ record }) => record.type === 'redemption');
  const ends = records.filter(({ record }) => record.type === 'outcome' && record.status !== 'lapsed');
  if (taken.length === 0 && ends.length === 0) return none('nobody redeemed it');
  const proof = [...taken, ...ends].map(({ hash }) => hash);
  const executed = ends.filter(({ record }) => record.type === 'outcome' && record.status === 'executed');
  const last = ends.at(-1)?.record;
  const says = last?.type === 'outcome' ? `reported as ${last.status}` : 'never reported';
  return yesOrNo(taken.length <= 1 && executed.length === 1, says, proof);
}
