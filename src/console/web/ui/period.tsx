/** The period of a page: in its address, in the zone of the reader, both days included. */
import { useLocation, useSearch } from 'wouter';
import { queryOf } from '../view/filters.ts';
import { dayAt, rangesAt, type DayRange } from '../view/times.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';

const DAY = /^\d{4}-\d{2}-\d{2}$/;

export interface Period {
  range: DayRange;
  /** The parameters of the API. */
  query: Record<string, string>;
  choose(range: DayRange): void;
}

export function usePeriod(usual: keyof ReturnType<typeof rangesAt> = 'this quarter'): Period {
  const { zone } = useZone();
  const [path, navigate] = useLocation();
  const given = new URLSearchParams(useSearch());
  const fallback = rangesAt(dayAt(new Date(), zone))[usual];
  const day = (name: keyof DayRange): string => {
    const said = given.get(name) ?? '';
    return DAY.test(said) ? said : fallback[name];
  };
  const range = { from: day('from'), to: day('to') };
  return {
    range,
    query: queryOf(range, zone),
    choose: (next) => {
      given.set('from', next.from);
      given.set('to', next.to);
      navigate(`${path}?${given.toString()}`, { replace: true });
    },
  };
}

export function PeriodPicker({ range, choose }: Period) {
  const { zone } = useZone();
  const ranges = Object.entries(rangesAt(dayAt(new Date(), zone)));
  return (
    <div class="row no-print" role="group" aria-label={WORDS.period.label}>
      {ranges.map(([name, one]) => (
        <button
          key={name}
          type="button"
          class="chip"
          aria-pressed={one.from === range.from && one.to === range.to}
          onClick={() => choose(one)}
        >
          {name}
        </button>
      ))}
      <label class="row">
        <span>{WORDS.period.from}</span>
        <input
          type="date"
          value={range.from}
          onChange={({ currentTarget: { value } }) => value !== '' && choose({ ...range, from: value })}
        />
      </label>
      <label class="row">
        <span>{WORDS.period.to}</span>
        <input
          type="date"
          value={range.to}
          onChange={({ currentTarget: { value } }) => value !== '' && choose({ ...range, to: value })}
        />
      </label>
    </div>
  );
}
