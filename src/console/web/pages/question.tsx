/** The query of the table as a sentence. Its parts can be removed, and further ones added. */
import { useEffect, useState } from 'preact/hooks';
import { useLocation, useSearch } from 'wouter';
import type { ActionFacets } from '../../../contract/views/index.ts';
import { addressOf, filtersOf, phrasesOf, SEARCH_MIN, sortOf, type Filters, type Sort } from '../view/filters.ts';
import { dayAt, rangesAt } from '../view/times.ts';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

const SAY = WORDS.decisions;
const TYPING_MS = 300;

export interface Asked {
  filters: Filters;
  sort: Sort;
  ask(filters: Filters, sort?: Sort): void;
}

export function useAsked(): Asked {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const given = new URLSearchParams(search);
  const sort = sortOf(given);
  return {
    filters: filtersOf(given),
    sort,
    ask: (filters, by = sort) => navigate(path + addressOf(filters, by), { replace: true }),
  };
}

export function Search({ filters, ask }: Asked) {
  const [text, setText] = useState(filters.q ?? '');
  const isTooShort = text.trim() !== '' && [...text.trim()].length < SEARCH_MIN;
  useEffect(() => {
    if (text.trim() === (filters.q ?? '') || isTooShort) return;
    const { q: _, ...rest } = filters;
    const timer = setTimeout(() => ask(text.trim() === '' ? rest : { ...rest, q: text.trim() }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    if (filters.q === undefined && !isTooShort) setText('');
  }, [filters.q]);
  return (
    <div class="field search">
      <label for="search">{SAY.search}</label>
      <input
        id="search"
        type="search"
        value={text}
        aria-describedby="search-hint"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <span id="search-hint" class="hint">
        {isTooShort ? SAY.searchShort : SAY.searchHint}
      </span>
    </div>
  );
}

export function Sentence({ filters, sort, ask }: Asked) {
  const phrases = phrasesOf(filters);
  const without = (name: keyof Filters): Filters => {
    const { [name]: _, ...rest } = filters;
    return rest;
  };
  return (
    <div class="chips" role="group" aria-label={SAY.sentence}>
      {phrases.length === 0 ? <span class="soft">{SAY.all}</span> : null}
      {phrases.map(({ name, text }) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-label={SAY.remove(text)}
          onClick={() => ask(without(name), sort)}
        >
          {text} <span aria-hidden="true">×</span>
        </button>
      ))}
      {phrases.length < 2 ? null : (
        <button type="button" class="plain" onClick={() => ask({})}>
          {SAY.clear}
        </button>
      )}
    </div>
  );
}

const FACETS = [
  ['releaseBasis', 'basis', 'Release basis'],
  ['status', 'status', 'Status'],
  ['surface', 'surface', 'Surface'],
  ['currency', 'currency', 'Currency'],
  ['approver', 'approver', 'Decided by'],
  ['via', 'via', 'Door'],
] as const;
const SHOWN_VALUES = 8;

export function FacetList({ filters, ask, facets }: Asked & { facets: ActionFacets['facets'] }) {
  const { zone } = useZone();
  const ranges = Object.entries(rangesAt(dayAt(new Date(), zone)));
  return (
    <aside class="facets no-print" aria-label={SAY.filters}>
      <section>
        <h2>{SAY.ranges}</h2>
        <ul>
          {ranges.map(([name, { from, to }]) => {
            const pressed = filters.from === from && filters.to === to;
            return (
              <li key={name}>
                <button type="button" aria-pressed={pressed} onClick={() => ask({ ...filters, from, to })}>
                  {name}
                </button>
              </li>
            );
          })}
        </ul>
      </section>
      {FACETS.map(([facet, name, title]) => {
        const values = facets[facet] ?? [];
        if (values.length === 0) return null;
        return (
          <section key={facet}>
            <h2>{title}</h2>
            <ul>
              {values.slice(0, SHOWN_VALUES).map(({ value, count }) => {
                const pressed = filters[name] === value;
                const { [name]: _, ...rest } = filters;
                return (
                  <li key={value}>
                    <button
                      type="button"
                      aria-pressed={pressed}
                      onClick={() => ask(pressed ? rest : { ...rest, [name]: value })}
                    >
                      <span>{plainWord(value.replace(/^user:/, ''))}</span>
                      <span class="num">{count.toLocaleString('en')}</span>
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </aside>
  );
}
