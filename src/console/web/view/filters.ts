/** A query for actions: in the address, for the API, and as a sentence. Pure. */
import { dayAfter, dayBegins } from './times.ts';

/** The parameters of the address, in the order of the sentence. All but the days have the API's names. */
export const FILTERS = [
  'basis',
  'status',
  'decision',
  'surface',
  'policy',
  'rule',
  'currency',
  'amountFrom',
  'amountTo',
  'requester',
  'actor',
  'approver',
  'via',
  'folder',
  'mode',
  'q',
  'from',
  'to',
] as const;
export type FilterName = (typeof FILTERS)[number];
export type Filters = Partial<Record<FilterName, string>>;

export const SORTS = ['-askedAt', 'askedAt', '-amount', 'amount', '-waitMs', 'waitMs'] as const;
export type Sort = (typeof SORTS)[number];
export const DEFAULT_SORT: Sort = '-askedAt';

/** Characters that a text to look for needs. */
export const SEARCH_MIN = 3;

export function filtersOf(search: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const name of FILTERS) {
    const value = search.get(name)?.trim();
    if (value !== undefined && value !== '') filters[name] = value;
  }
  return filters;
}

export function sortOf(search: URLSearchParams): Sort {
  const asked = search.get('sort');
  return SORTS.find((sort) => sort === asked) ?? DEFAULT_SORT;
}

/** The address of a query; defaults are left out. */
export function addressOf(filters: Filters, sort: Sort = DEFAULT_SORT): string {
  const search = new URLSearchParams();
  for (const name of FILTERS) if (filters[name] !== undefined) search.set(name, filters[name]);
  if (sort !== DEFAULT_SORT) search.set('sort', sort);
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

/** The parameters of the API. A day means the whole day in the zone of the reader. A text that is too short is left out. */
export function queryOf(filters: Filters, zone: string): Record<string, string> {
  const { from, to, q, ...rest } = filters;
  const query: Record<string, string> = { ...rest };
  if (q !== undefined && [...q].length >= SEARCH_MIN) query['q'] = q;
  const begins = from === undefined ? null : dayBegins(from, zone);
  const ends = to === undefined || dayBegins(to, zone) === null ? null : dayBegins(dayAfter(to), zone);
  if (from !== undefined) query['from'] = begins ?? from;
  if (to !== undefined) query['to'] = ends ?? to;
  return query;
}

const BASIS_WORDS: Readonly<Record<string, string>> = {
  rule: 'released or refused by a rule',
  override: 'overrides: released by a person',
  break_glass: 'break-glass releases',
  observe: 'released by a policy that only observes',
  silence: 'refused because no rule spoke',
  unclear: 'refused as unclear',
  limit: 'stopped by a limit',
  error: 'refused because something failed',
  refused_before: 'refused because a person refused it before',
  grant: 'released under a standing approval',
};

const PHRASES: Record<FilterName, (value: string) => string> = {
  basis: (value) => BASIS_WORDS[value] ?? `on the basis ${value}`,
  status: (value) => `now ${value}`,
  decision: (value) => `policy said ${value}`,
  surface: (value) => `of ${value}`,
  policy: (value) => `under the policy ${value}`,
  rule: (value) => `by the rule ${value}`,
  currency: (value) => `in ${value}`,
  amountFrom: (value) => `asked for at least ${value}`,
  amountTo: (value) => `asked for at most ${value}`,
  requester: (value) => `for ${value}`,
  actor: (value) => `asked by ${value}`,
  approver: (value) => `decided by ${value}`,
  via: (value) => `decided through ${value}`,
  folder: (value) => `in the folder ${value}`,
  mode: (value) => `in the mode ${value}`,
  q: (value) => `that say “${value}”`,
  from: (value) => `asked from ${value}`,
  to: (value) => `to ${value}`,
};

export interface Phrase {
  name: FilterName;
  text: string;
}

/** The parts of the sentence; each can be removed. */
export const phrasesOf = (filters: Filters): Phrase[] =>
  FILTERS.flatMap((name) => {
    const value = filters[name];
    return value === undefined ? [] : [{ name, text: PHRASES[name](value) }];
  });

/** One sentence, for readers and listeners. */
export function sentenceOf(filters: Filters): string {
  const phrases = phrasesOf(filters);
  return phrases.length === 0 ? 'All actions' : `Actions: ${phrases.map(({ text }) => text).join(', ')}`;
}
