/** Every filter of the API as a form, with one field for each part of the sentence. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'preact/compat';
import { useState } from 'preact/hooks';
import { STATUSES } from '../../../contract/status.ts';
import { readFacets } from '../api.ts';
import { queryOf, type FilterName, type Filters } from '../view/filters.ts';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

const PeopleBox = lazy(() => import('../ui/people-box.tsx'));

const CHOICES: Partial<Record<FilterName, readonly string[]>> = {
  basis: [
    'rule',
    'override',
    'grant',
    'break_glass',
    'observe',
    'silence',
    'unclear',
    'limit',
    'error',
    'refused_before',
  ],
  status: STATUSES,
  decision: ['approve', 'constrain', 'supervise', 'refuse'],
  via: ['slack', 'teams', 'console', 'api', 'cli', 'engine'],
  mode: ['enforce', 'observe'],
};

const FIELDS: readonly (readonly [FilterName, string, 'date'?])[] = [
  ['from', 'From day', 'date'],
  ['to', 'To day', 'date'],
  ['basis', 'Basis'],
  ['status', 'Status'],
  ['decision', 'Verdict'],
  ['surface', 'Surface'],
  ['currency', 'Currency'],
  ['amountFrom', 'Asked for at least'],
  ['amountTo', 'Asked for at most'],
  ['approver', 'Decided by'],
  ['requester', 'For'],
  ['actor', 'Asked by'],
  ['via', 'Door'],
  ['policy', 'Policy'],
  ['rule', 'Rule'],
  ['folder', 'Folder'],
  ['mode', 'Mode'],
];

const PEOPLE = ['approver', 'requester', 'actor'] as const;
type PersonFilter = (typeof PEOPLE)[number];
const isPerson = (name: FilterName): name is PersonFilter => PEOPLE.some((one) => one === name);

function Entry({ day, value, set }: { day: boolean; value: string; set(value: string): void }) {
  if (day) return <input type="date" value={value} onChange={(event) => set(event.currentTarget.value)} />;
  return <input type="text" value={value} autocomplete="off" onChange={(event) => set(event.currentTarget.value)} />;
}

/** A person, suggested from those who took part in what the rest of the filters leaves. */
function Person(props: { name: PersonFilter; label: string; filters: Filters; set(value: string): void }) {
  const { name, label, filters, set } = props;
  const { zone } = useZone();
  const { [name]: value = '', ...rest } = filters;
  const query = queryOf(rest, zone);
  const facets = useQuery({ queryKey: ['facets', query], queryFn: ({ signal }) => readFacets(query, signal) });
  const people = (facets.data?.facets[name] ?? []).map(({ value: id }) => id);
  return (
    <Suspense fallback={<Entry day={false} value={value} set={set} />}>
      <PeopleBox label={label} value={value} people={people} set={set} />
    </Suspense>
  );
}

/** The control of one filter. @param open whether the form is seen: suggestions are read from then on */
function Control(props: { field: (typeof FIELDS)[number]; filters: Filters; open: boolean; set(text: string): void }) {
  const { field, filters, open, set } = props;
  const [name, label, type] = field;
  const value = filters[name] ?? '';
  const choices = CHOICES[name];
  if (open && isPerson(name)) return <Person name={name} label={label} filters={filters} set={set} />;
  if (choices === undefined) return <Entry day={type === 'date'} value={value} set={set} />;
  return (
    <select value={value} onChange={(event) => set(event.currentTarget.value)}>
      <option value="">any</option>
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {plainWord(choice)}
        </option>
      ))}
    </select>
  );
}

export function MoreFilters({ filters, ask }: { filters: Filters; ask(filters: Filters): void }) {
  const [open, setOpen] = useState(false);
  const set = (name: FilterName, value: string): void => {
    const { [name]: _, ...rest } = filters;
    ask(value.trim() === '' ? rest : { ...rest, [name]: value.trim() });
  };
  return (
    <details class="no-print" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{WORDS.decisions.more}</summary>
      <div class="fields card">
        {FIELDS.map((field) => (
          <label key={field[0]} class="field">
            <span>{field[1]}</span>
            <Control field={field} filters={filters} open={open} set={(text) => set(field[0], text)} />
          </label>
        ))}
      </div>
    </details>
  );
}
