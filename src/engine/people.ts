/** Lists of people that a record names by hash. They are stored before the record is sealed, and checked whenever they are read. */
import type { RecordPayload } from '../contract/index.ts';
import { checkedList, foldPeople, isFolded, listsNamed, unfoldPeople } from '../sealing/index.ts';
import type { EngineDeps } from './deps.ts';

type PeopleDeps = { store: Pick<EngineDeps['store'], 'people'> };

/** The record in its sealed form. The lists that it names are stored first. */
export async function keepPeople<T extends RecordPayload>({ store }: PeopleDeps, record: T): Promise<T> {
  const folded = foldPeople(record);
  for (const { entry, people } of folded.lists) await store.people.keep(record.tenant, entry, people);
  return folded.record;
}

/** Records with the lists that they name. @throws CountersignError `invalid-evidence` where one is missing, or is another one */
export async function withPeople<T extends RecordPayload>({ store }: PeopleDeps, records: readonly T[]): Promise<T[]> {
  const entries = [...new Set(records.flatMap(listsNamed))];
  const [first] = records;
  if (entries.length === 0 || first === undefined) return [...records];
  const lists = await store.people.lists(first.tenant, entries);
  return records.map((record) => (listsNamed(record).length === 0 ? record : unfoldPeople(record, lists)));
}

/** The people in a record, or in the list that it names. @throws CountersignError `invalid-evidence` */
export async function peopleBehind(
  { store }: PeopleDeps,
  tenant: string,
  people: readonly string[],
): Promise<string[]> {
  if (!isFolded(people)) return [...people];
  const [entry = ''] = people;
  return checkedList(entry, (await store.people.lists(tenant, [entry])).get(entry));
}
