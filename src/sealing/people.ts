/**
 * Lists of people that are too long to stand in a record (docs/formats.md). In place of a long list stands one entry that says how many
 * they are and the root of the Merkle tree of their ids. The list is kept beside the log, and a decision carries the proof that its
 * approver is on it, so the records alone are enough to check that.
 */
import { fromBase64, fromHex, toBase64, toHex, utf8 } from '../canonical/index.ts';
import { CountersignError, type DecisionRecord, type Facts, type RecordPayload } from '../contract/index.ts';
import { emptyFrontier, extendFrontier, inclusionProof, leafHash, nodeHash, verifyInclusion } from '../ledger/index.ts';

/** A longer list is folded. */
export const PEOPLE_MAX = 250;
/** In a record that is still too large, every list longer than this one is. */
export const PEOPLE_LEAST = 8;
/** Bytes of a record that leave room for what is added to it later: its signature, and base64 around it. */
const RECORD_COMFORTABLE_BYTES = 40 * 1024;

/** Prefix of each leaf: no other hash of ours can stand for one. */
const DOMAIN = 'countersign/people/v1\n';

const ENTRY = /^people:([1-9][0-9]{0,8}):sha256:([0-9a-f]{64})$/;

/** Where in the list a person stands, and the hashes that lead from there to its root, leaf side first, base64. */
export type Membership = NonNullable<DecisionRecord['membership']>;

/** What stands for a list in a record, and the list. */
export interface FoldedList {
  entry: string;
  people: readonly string[];
}

const leafOf = (person: string): Uint8Array => leafHash(utf8(DOMAIN + person));

/** Each once, in the order of their UTF-16 code units. */
const canonicalList = (people: readonly string[]): string[] => [...new Set(people)].sort();

/** True for a list that is named, and not there. */
export const isFolded = (people: readonly string[]): boolean => people.length === 1 && ENTRY.test(people[0] ?? '');

/** What stands for these people in a record: `people:COUNT:sha256:ROOT`. */
export function peopleEntry(people: readonly string[]): string {
  const list = canonicalList(people);
  return `people:${list.length}:sha256:${toHex(extendFrontier(emptyFrontier(), list.map(leafOf)).root)}`;
}

/** Applies `map` to every list of people in a record. */
function mapLists<T extends RecordPayload>(record: T, map: (people: string[]) => string[]): T;
function mapLists(record: RecordPayload, map: (people: string[]) => string[]): RecordPayload {
  switch (record.type) {
    case 'verdict': {
      const { plan, facts } = record;
      const stages = plan?.stages.map((stage) => ({
        ...stage,
        approvers: map(stage.approvers),
        escalate: stage.escalate && { ...stage.escalate, approvers: map(stage.escalate.approvers) },
      }));
      return { ...record, facts: mapFacts(facts, map), plan: plan && { ...plan, stages: stages ?? [] } };
    }
    case 'release':
      return {
        ...record,
        rejudged: record.rejudged && { ...record.rejudged, facts: mapFacts(record.rejudged.facts, map) },
        ...(record.review === undefined
          ? {}
          : { review: { ...record.review, reviewers: map(record.review.reviewers) } }),
      };
    case 'decision':
      return {
        ...record,
        added: record.added && map(record.added),
        ...(record.unreachable === undefined ? {} : { unreachable: map(record.unreachable) }),
        ...(record.stands === undefined
          ? {}
          : { stands: record.stands.map((one) => ({ ...one, ask: one.ask && map(one.ask) })) }),
      };
    case 'review':
    case 'grant': {
      const lists = ['reviewers', 'approvers'].flatMap((name) => {
        const list = record.body[name];
        return Array.isArray(list) ? [[name, map(list.map(String))] as const] : [];
      });
      return { ...record, body: { ...record.body, ...Object.fromEntries(lists) } };
    }
    default:
      return record;
  }
}

function mapFacts(facts: Facts, map: (people: string[]) => string[]): Facts {
  return {
    ...facts,
    people: Object.fromEntries(Object.entries(facts.people).map(([ref, people]) => [ref, map(people)])),
    ...(facts.refusals === undefined
      ? {}
      : {
          refusals: facts.refusals.map((one) => (one.ask === undefined ? one : { ...one, ask: map(one.ask) })),
        }),
  };
}

/**
 * A record in its sealed form, and the lists that it only names. A list of more than 250 people is folded; in a record that is still too large, every list of more than 8.
 */
export function foldPeople<T extends RecordPayload>(record: T): { record: T; lists: FoldedList[] } {
  const folded = foldLonger(record, PEOPLE_MAX);
  return isLarge(folded.record) ? foldLonger(record, PEOPLE_LEAST) : folded;
}

/** The bytes of the canonical form are those of any JSON without white space: the order of names changes no length. */
function isLarge(record: RecordPayload): boolean {
  const text = JSON.stringify(record);
  return (
    text.length > RECORD_COMFORTABLE_BYTES ||
    (text.length * 3 > RECORD_COMFORTABLE_BYTES && utf8(text).length > RECORD_COMFORTABLE_BYTES)
  );
}

function foldLonger<T extends RecordPayload>(record: T, most: number): { record: T; lists: FoldedList[] } {
  // The same people stand in many places of a record, and their tree takes time.
  const lists = new Map<string, FoldedList>();
  const fold = (people: string[]): string[] => {
    if (people.length <= most) return people;
    const list = canonicalList(people);
    const name = list.join('\n');
    const folded = lists.get(name) ?? { entry: peopleEntry(list), people: list };
    lists.set(name, folded);
    return [folded.entry];
  };
  const made = mapLists(record, fold);
  return { record: lists.size === 0 ? record : made, lists: [...lists.values()] };
}

/** The lists that a record names, each once. */
export function listsNamed(record: RecordPayload): string[] {
  const named = new Set<string>();
  mapLists(record, (people) => {
    if (isFolded(people)) named.add(people[0] ?? '');
    return people;
  });
  return [...named];
}

/** The record with its lists. @throws CountersignError `invalid-evidence` where one is missing, or is not the list that was sealed */
export function unfoldPeople<T extends RecordPayload>(
  record: T,
  lists: ReadonlyMap<string, readonly string[] | null>,
): T {
  const whole = new Map([...lists].map(([entry, people]) => [entry, checkedList(entry, people)]));
  return mapLists(record, (people) =>
    isFolded(people) ? (whole.get(people[0] ?? '') ?? checkedList(people[0] ?? '', null)) : people,
  );
}

/** A list that is what an entry names. @throws CountersignError `invalid-evidence` */
export function checkedList(entry: string, people: readonly string[] | null | undefined): string[] {
  if (people != null && peopleEntry(people) === entry) return canonicalList(people);
  const what = people == null ? 'is missing' : 'is not the one that was sealed';
  throw new CountersignError(
    'invalid-evidence',
    `the list of people behind \`${entry}\` ${what}; nothing follows from it. restore it from a backup`,
  );
}

/** Where this person stands in the list; null where they do not. */
export async function proveMembership(people: readonly string[], person: string): Promise<Membership | null> {
  const list = canonicalList(people);
  const index = list.indexOf(person);
  if (index === -1) return null;
  const leaves = list.map(leafOf);
  const read = (level: number, at: number): Promise<Uint8Array> => Promise.resolve(subtree(leaves, level, at));
  return { index, path: (await inclusionProof(index, list.length, read)).map(toBase64) };
}

function subtree(leaves: readonly Uint8Array[], level: number, index: number): Uint8Array {
  if (level === 0) return leaves[index] as Uint8Array;
  return nodeHash(subtree(leaves, level - 1, index * 2), subtree(leaves, level - 1, index * 2 + 1));
}

/** Whether a person is one of these, by the proof that came with their word where the list is folded. */
export function isAmong(people: readonly string[], person: string, membership: Membership | undefined): boolean {
  const [, count, root] = ENTRY.exec(isFolded(people) ? (people[0] ?? '') : '') ?? [];
  if (count === undefined || root === undefined) return people.includes(person);
  if (membership === undefined) return false;
  try {
    const proof = membership.path.map(fromBase64);
    return verifyInclusion(leafOf(person), membership.index, Number(count), proof, fromHex(root));
  } catch {
    return false;
  }
}
