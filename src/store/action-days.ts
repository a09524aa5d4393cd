/** Sums of the read model's rows by day, and how long people took, for reports. */
import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Actions of some days that share these values. Amounts are exact decimals. */
export interface DayGroup {
  surface: string;
  status: string;
  /** Empty where it was not released. */
  releaseBasis: string;
  /** Empty where nobody decided. */
  approver: string;
  /** Empty where there is none, or it is not disclosed. */
  currency: string;
  n: number;
  /** Amounts that are in no sum. */
  undisclosed: number;
  delegated: number;
  changed: number;
  extended: number;
  asked: string;
  approved: string;
  released: string;
  executed: string;
}

export interface DayCount {
  /** `2026-11-27`, in UTC. */
  day: string;
  n: number;
  overrides: number;
  refused: number;
}

/** How long people took, in milliseconds: whole numbers. */
export interface WaitFigures {
  /** Empty for all of them. */
  approver: string;
  n: number;
  median: number;
  p90: number;
  longest: number;
  /** How many took up to each of {@link WAIT_BOUNDS_MS}, and how many longer. */
  buckets: number[];
}

/** Seconds, minutes, hours: each bound about three times the one before. */
export const WAIT_BOUNDS_MS = [
  3_000, 10_000, 30_000, 60_000, 180_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 36_000_000, 86_400_000,
] as const;

/** Days of a report: `from` is included, `to` is not. */
export interface ReportDays {
  from: string;
  to: string;
  surface?: string | undefined;
}

export interface DayStore {
  groups(tenant: string, range: ReportDays): Promise<DayGroup[]>;
  days(tenant: string, range: ReportDays): Promise<DayCount[]>;
  /** For all people together, and for each of the 100 who decided most often. */
  waits(tenant: string, range: ReportDays): Promise<WaitFigures[]>;
  /** Days whose sums differ from those of their rows. */
  wrongDays(tenant: string): Promise<string[]>;
}

const DIMENSIONS = sql`surface, status, release_basis, approver, currency`;
const SUMS = sql`n, undisclosed, delegated, changed, extended, asked, approved, released, executed`;

/** The groups of some rows. @param sign `-` takes them away again */
const summed = (sign: '' | '-') => {
  const of = (sum: string) => sql.raw(`${sign}${sum}`);
  return sql`(asked_at at time zone 'UTC')::date as day, surface, status, coalesce(release_basis, '') as release_basis,
    coalesce(approver, '') as approver, coalesce(currency, '') as currency,
    ${of('count(*)')} as n, ${of('count(*) filter (where amount_undisclosed)')} as undisclosed,
    ${of('count(*) filter (where delegated_from is not null)')} as delegated,
    ${of('count(*) filter (where changed)')} as changed, ${of('count(*) filter (where extended)')} as extended,
    ${of('coalesce(sum(amount), 0)')} as asked, ${of('coalesce(sum(amount_approved), 0)')} as approved,
    ${of('coalesce(sum(amount_released), 0)')} as released, ${of('coalesce(sum(amount_executed), 0)')} as executed`;
};

/** Adds the rows of these actions to their days, or takes them away before they change. */
export async function addToDays(
  on: Database,
  tenant: string,
  actions: readonly string[],
  sign: '' | '-',
): Promise<void> {
  const { rows } = await sql<{ day: string }>`
    insert into action_day as present (tenant, day, ${DIMENSIONS}, ${SUMS})
    select tenant, ${summed(sign)} from action_fact
    where tenant = ${tenant} and action = any(${actions}::text[])
    group by tenant, 2, 3, 4, 5, 6, 7
    on conflict (tenant, day, ${DIMENSIONS}) do update set n = present.n + excluded.n,
      undisclosed = present.undisclosed + excluded.undisclosed, delegated = present.delegated + excluded.delegated,
      changed = present.changed + excluded.changed, extended = present.extended + excluded.extended,
      asked = present.asked + excluded.asked, approved = present.approved + excluded.approved,
      released = present.released + excluded.released, executed = present.executed + excluded.executed
    returning day::text`.execute(on);
  const days = [...new Set(rows.map(({ day }) => day))];
  await sql`delete from action_day where tenant = ${tenant} and day = any(${days}::date[]) and n = 0`.execute(on);
}

const within = (tenant: string, { from, to, surface }: ReportDays) =>
  sql`tenant = ${tenant} and day >= ${from}::timestamptz::date and day < ${to}::timestamptz::date
    and (${surface ?? null}::text is null or surface = ${surface ?? null})`;

export function createDayStore(db: Database): DayStore {
  return {
    async groups(tenant, range) {
      const { rows } = await sql<DayGroup>`
        select ${DIMENSIONS}, sum(n)::bigint as n, sum(undisclosed)::bigint as undisclosed,
          sum(delegated)::bigint as delegated, sum(changed)::bigint as changed, sum(extended)::bigint as extended,
          sum(asked) as asked, sum(approved) as approved, sum(released) as released, sum(executed) as executed
        from action_day where ${within(tenant, range)} group by ${DIMENSIONS} order by ${DIMENSIONS}`.execute(db);
      return rows;
    },
    async days(tenant, range) {
      const { rows } = await sql<DayCount>`
        select day::text as day, sum(n)::bigint as n,
          coalesce(sum(n) filter (where release_basis = 'override'), 0)::bigint as overrides,
          coalesce(sum(n) filter (where status = 'refused'), 0)::bigint as refused
        from action_day where ${within(tenant, range)} group by 1 order by 1`.execute(db);
      return rows;
    },
    async waits(tenant, { from, to, surface }) {
      const { rows } = await sql<WaitFigures>`
        select coalesce(approver, '') as approver, count(*)::bigint as n,
          round(percentile_cont(0.5) within group (order by wait_ms))::bigint as median,
          round(percentile_cont(0.9) within group (order by wait_ms))::bigint as p90, max(wait_ms)::bigint as longest,
          array[${sql.join(bucketCounts())}]::bigint[] as buckets
        from action_fact
        where tenant = ${tenant} and wait_ms is not null and asked_at >= ${from} and asked_at < ${to}
          and (${surface ?? null}::text is null or surface = ${surface ?? null})
        group by grouping sets ((), (approver)) having grouping(approver) = 1 or approver is not null
        order by grouping(approver) desc, n desc, 1 limit 101`.execute(db);
      return rows.map((row) => ({ ...row, buckets: row.buckets.map(Number) }));
    },
    async wrongDays(tenant) {
      const { rows } = await sql<{ day: string }>`
        with due as (select tenant, ${summed('')} from action_fact where tenant = ${tenant} group by tenant, 2, 3, 4, 5, 6, 7),
          present as (select * from action_day where tenant = ${tenant})
        select distinct day::text from (
          (select day, ${DIMENSIONS}, ${SUMS} from due except select day, ${DIMENSIONS}, ${SUMS} from present)
          union all
          (select day, ${DIMENSIONS}, ${SUMS} from present except select day, ${DIMENSIONS}, ${SUMS} from due)
        ) as wrong order by 1 limit 1000`.execute(db);
      return rows.map(({ day }) => day);
    },
  };
}

const bucketCounts = () =>
  [...WAIT_BOUNDS_MS, Infinity].map((bound, at) => {
    const above = WAIT_BOUNDS_MS[at - 1] ?? -1;
    return bound === Infinity
      ? sql`count(*) filter (where wait_ms > ${above})`
      : sql`count(*) filter (where wait_ms > ${above} and wait_ms <= ${bound})`;
  });
