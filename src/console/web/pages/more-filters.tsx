/** Every filter of the API as a form, with one field for each part of the sentence. */
import { STATUSES } from '../../../contract/status.ts';
import type { FilterName, Filters } from '../view/filters.ts';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';

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

function Entry({ day, value, set }: { day: boolean; value: string; set(value: string): void }) {
  if (day) return <input type="date" value={value} onChange={(event) => set(event.currentTarget.value)} />;
  return <input type="text" value={value} autocomplete="off" onChange={(event) => set(event.currentTarget.value)} />;
}

export function MoreFilters({ filters, ask }: { filters: Filters; ask(filters: Filters): void }) {
  const set = (name: FilterName, value: string): void => {
    const { [name]: _, ...rest } = filters;
    ask(value.trim() === '' ? rest : { ...rest, [name]: value.trim() });
  };
  return (
    <details class="no-print">
      <summary>{WORDS.decisions.more}</summary>
      <div class="fields card">
        {FIELDS.map(([name, label, type]) => {
          const choices = CHOICES[name];
          const value = filters[name] ?? '';
          return (
            <label key={name} class="field">
              <span>{label}</span>
              {choices === undefined ? (
                <Entry day={type === 'date'} value={value} set={(text) => set(name, text)} />
              ) : (
                <select value={value} onChange={(event) => set(name, event.currentTarget.value)}>
                  <option value="">any</option>
                  {choices.map((choice) => (
                    <option key={choice} value={choice}>
                      {plainWord(choice)}
                    </option>
                  ))}
                </select>
              )}
            </label>
          );
        })}
      </div>
    </details>
  );
}
