/** Who decided and who asked: each person on a page, as both. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'wouter';
import type { ActionFacets, DelegationView, PasskeyView } from '../../../contract/views/index.ts';
import { askActions, get, readFacets } from '../api.ts';
import { BarChart } from '../ui/chart.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Empty, FactList, Loading, PageHead, ProblemNotice, Time } from '../ui/pieces.tsx';
import { addressOf } from '../view/filters.ts';
import { middleOf, waitsOf } from '../view/figures.ts';
import { lasting } from '../view/times.ts';
import { plainWord, statusTone } from '../view/tones.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.people;
const LOOKED_AT = '500';

const bare = (id: string): string => id.replace(/^user:/, '');

function Listed({ title, kind, facets }: { title: string; kind: 'approver' | 'requester'; facets: ActionFacets }) {
  const values = facets.facets[kind] ?? [];
  if (values.length === 0) return null;
  return (
    <section class="card stack-s">
      <h2>{title}</h2>
      <table>
        <caption class="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">{SAY.person}</th>
            <th scope="col" class="num">
              {WORDS.money.actions}
            </th>
          </tr>
        </thead>
        <tbody>
          {values.map(({ value, count }) => (
            <tr key={value}>
              <th scope="row">
                <Link href={`/people/${encodeURIComponent(value)}`}>{bare(value)}</Link>
              </th>
              <td class="num">{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function PeoplePage() {
  const period = usePeriod();
  const facets = useQuery({
    queryKey: ['facets', period.query],
    queryFn: ({ signal }) => readFacets(period.query, signal),
  });
  const empty = facets.data !== undefined && facets.data.count.atLeast === 0;
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <PeriodPicker {...period} />
      {facets.error === null ? null : <ProblemNotice error={facets.error} />}
      {facets.isLoading ? <Loading /> : null}
      {empty ? <Empty title={SAY.empty} /> : null}
      {facets.data === undefined ? null : (
        <div class="grid-wide">
          <Listed title={SAY.decided} kind="approver" facets={facets.data} />
          <Listed title={SAY.asked} kind="requester" facets={facets.data} />
        </div>
      )}
    </div>
  );
}

function Rights({ id }: { id: string }) {
  const delegations = useQuery({
    queryKey: ['delegations'],
    queryFn: ({ signal }) => get<{ delegations: DelegationView[] }>('/v1/delegations', signal),
  });
  const passkeys = useQuery({
    queryKey: ['passkeys'],
    queryFn: ({ signal }) => get<{ passkeys: PasskeyView[] }>('/v1/passkeys', signal),
  });
  const given = delegations.data?.delegations.filter(({ from }) => from === id) ?? [];
  const taken = delegations.data?.delegations.filter(({ to }) => to === id) ?? [];
  const live = passkeys.data?.passkeys.filter(({ person, revokedAt }) => person === id && revokedAt === null) ?? [];
  return (
    <section class="card stack-s">
      <h2>{SAY.rights}</h2>
      <FactList
        of={[
          [SAY.given, given.map(({ to, surfaces }) => `${bare(to)} (${surfaces.join(', ')})`).join('; ') || SAY.none],
          [
            SAY.standsIn,
            taken.map(({ from, surfaces }) => `${bare(from)} (${surfaces.join(', ')})`).join('; ') || SAY.none,
          ],
          [SAY.passkeys, live.map(({ name, credential }) => name ?? credential.slice(0, 12)).join(', ') || SAY.none],
        ]}
      />
    </section>
  );
}

export function PersonPage() {
  const { id = '' } = useParams<{ id: string }>();
  const person = decodeURIComponent(id);
  const period = usePeriod();
  const query = { ...period.query, approver: person };
  const read = useQuery({
    queryKey: ['person', query],
    queryFn: async ({ signal }) => {
      const [facets, list, asked] = await Promise.all([
        readFacets(query, signal),
        askActions({ ...query, limit: LOOKED_AT }, signal),
        readFacets({ ...period.query, requester: person }, signal),
      ]);
      return { facets, list, asked };
    },
  });
  const waits = (read.data?.list.actions ?? []).flatMap(({ waitMs }) => (waitMs === null ? [] : [waitMs / 1000]));
  const median = middleOf(waits);
  return (
    <div class="stack">
      <PageHead title={bare(person)} lead={SAY.oneLead} />
      <PeriodPicker {...period} />
      {read.error === null ? null : <ProblemNotice error={read.error} />}
      {read.data === undefined ? (
        <Loading />
      ) : (
        <>
          <div class="grid-wide">
            <section class="card stack-s">
              <h2>{SAY.asApprover}</h2>
              <FactList
                of={[
                  [
                    SAY.decidedCount,
                    <Link key="n" href={`/decisions${addressOf({ approver: person, ...period.range })}`}>
                      {read.data.facets.count.atLeast}
                    </Link>,
                  ],
                  [SAY.median, median === null ? SAY.none : lasting(median * 1000)],
                  [
                    SAY.newest,
                    read.data.list.actions[0]?.decidedAt ? (
                      <Time key="t" at={read.data.list.actions[0].decidedAt} />
                    ) : (
                      SAY.none
                    ),
                  ],
                ]}
              />
              <BarChart
                title={SAY.became}
                unit={WORDS.money.actions}
                bars={(read.data.facets.facets['status'] ?? []).map(({ value, count }) => ({
                  label: plainWord(value),
                  value: count,
                  tone: statusTone(value),
                }))}
              />
            </section>
            <section class="card">
              <BarChart
                title={WORDS.reports.waits}
                unit={WORDS.money.actions}
                bars={waitsOf(waits).map(({ label, count }) => ({ label, value: count }))}
              />
            </section>
            <section class="card stack-s">
              <h2>{SAY.asRequester}</h2>
              <FactList
                of={[
                  [
                    SAY.askedCount,
                    <Link key="n" href={`/decisions${addressOf({ requester: person, ...period.range })}`}>
                      {read.data.asked.count.atLeast}
                    </Link>,
                  ],
                  ...(read.data.asked.facets['status'] ?? []).map(({ value, count }): [string, string] => [
                    plainWord(value),
                    String(count),
                  ]),
                ]}
              />
            </section>
            <Rights id={person} />
          </div>
        </>
      )}
    </div>
  );
}
