import { sql, type Kysely } from 'kysely';

/**
 * Until when a reservation can count, so that it may be deleted afterwards; null in older rows, which stay. A total of zero is deleted with
 * its reservation. A transaction that gives back shares already holds the rows of their totals, so deleting them waits for nobody.
 */
const WIDTHS = `(values (interval '1 second'), (interval '1 minute'), (interval '1 hour')) as w(width)`;

const STATEMENTS = [
  `alter table limit_reservation add column until timestamptz`,
  `create index limit_reservation_at on limit_reservation (at)`,
  `create or replace function limit_totals_take() returns trigger language plpgsql as $$
    begin
      insert into limit_total as t (tenant, slot, width, start, total)
      select r.tenant, r.slot, w.width, date_bin(w.width, r.at, timestamptz 'epoch') as start, - sum(r.amount)
      from taken r cross join ${WIDTHS}
      group by r.tenant, r.slot, w.width, start
      order by r.tenant, r.slot, w.width, start
      on conflict (tenant, slot, width, start) do update set total = t.total + excluded.total;
      delete from limit_total t
      using (select distinct r.tenant, r.slot, w.width, date_bin(w.width, r.at, timestamptz 'epoch') as start
        from taken r cross join ${WIDTHS}) as k
      where t.tenant = k.tenant and t.slot = k.slot and t.width = k.width and t.start = k.start and t.total = 0;
      return null;
    end $$`,
  `delete from limit_total where total = 0`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
