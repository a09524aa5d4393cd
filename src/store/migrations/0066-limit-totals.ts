import { sql, type Kysely } from 'kysely';

/**
 * Running totals of what limits hold, by second, minute and hour. The database itself keeps them with the reservations, whichever program
 * writes or deletes those, so no total can be forgotten. Rows are touched in one order, so that no two statements wait for each other.
 */
const WIDTHS = `(values (interval '1 second'), (interval '1 minute'), (interval '1 hour')) as w(width)`;

const totalsOf = (rows: string, sign: string): string => `
  insert into limit_total as t (tenant, slot, width, start, total)
  select r.tenant, r.slot, w.width, date_bin(w.width, r.at, timestamptz 'epoch') as start, ${sign} sum(r.amount)
  from ${rows} r cross join ${WIDTHS}
  group by r.tenant, r.slot, w.width, start
  order by r.tenant, r.slot, w.width, start
  on conflict (tenant, slot, width, start) do update set total = t.total + excluded.total`;

const STATEMENTS = [
  `create table limit_total (
    tenant text not null, slot bytea not null, width interval not null, start timestamptz not null, total numeric not null,
    primary key (tenant, slot, width, start))`,
  totalsOf('limit_reservation', ''),
  `create function limit_totals_add() returns trigger language plpgsql as $$
    begin ${totalsOf('added', '')}; return null; end $$`,
  `create function limit_totals_take() returns trigger language plpgsql as $$
    begin ${totalsOf('taken', '-')}; return null; end $$`,
  `create trigger limit_totals_add after insert on limit_reservation
    referencing new table as added for each statement execute function limit_totals_add()`,
  `create trigger limit_totals_take after delete on limit_reservation
    referencing old table as taken for each statement execute function limit_totals_take()`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  // Nothing may be reserved between the count and the triggers.
  await sql.raw('lock table limit_reservation in share row exclusive mode').execute(db);
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
