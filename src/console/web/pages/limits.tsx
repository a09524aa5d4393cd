/** The use of limits and standing approvals: by whom, of how much, until when. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { GrantView, LimitList } from '../../../contract/views/index.ts';
import { inCurrency } from '../../../export/values.ts';
import { get } from '../api.ts';
import { AmountText, Loading, PersonName, ProblemNotice, Time } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { lasting } from '../view/times.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.limits;
const THOUSAND = 1000;

const taken = (used: string, max: string): string => SAY.of(inCurrency(used, null), inCurrency(max, null));

/** A bar beside the figures, which show the same. */
const Share = ({ used, max }: { used: string; max: string }) => (
  <meter min={0} max={Number(max)} value={Number(used)} aria-label={taken(used, max)} />
);

function InUse({ limits: { limits } }: { limits: LimitList }) {
  return (
    <div class="table-wrap" role="region" aria-label={SAY.title} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{SAY.title}</caption>
        <TableHead names={SAY.columns} />
        <tbody>
          {limits.map(({ policy, name, key, sum, used, max, windowSeconds, actions, freeAt, newest }) => (
            <tr key={`${policy} ${name} ${key.map(({ value }) => value).join(' ')}`}>
              <th scope="row">
                {name} <span class="faint">{policy}</span>
              </th>
              <td>
                {key.map(({ path, value }) => (
                  <div key={path}>
                    <PersonName id={value} /> <span class="faint">{path}</span>
                  </div>
                ))}
              </td>
              <td class="num">
                {taken(used, max)} <Share used={used} max={max} />
              </td>
              <td>{sum === null ? SAY.counted : sum}</td>
              <td>{SAY.within(lasting(windowSeconds * THOUSAND))}</td>
              <td>
                <Link href={`/actions/${newest}`}>{SAY.actions(actions)}</Link>
              </td>
              <td>
                <Time at={freeAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** As ISO 4217 writes it: a grant is for requests whose currency is spelled in any case. */
const unitOf = (currency: string | null): string | null => currency?.toUpperCase() ?? null;

function GrantsInUse({ grants }: { grants: readonly GrantView[] }) {
  return (
    <div class="table-wrap" role="region" aria-label={SAY.grants} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{SAY.grants}</caption>
        <TableHead names={SAY.grantColumns} />
        <tbody>
          {grants.map(({ id, action, verb, surface, actor, by, used, uses, sum, upTo, currency, until }) => (
            <tr key={id}>
              <th scope="row">
                <Link href={`/actions/${action}`}>{verb}</Link> <span class="faint">{surface}</span>
              </th>
              <td>
                <PersonName id={actor} />
              </td>
              <td>
                <PersonName id={by} />
              </td>
              <td class="num">{SAY.of(String(used), String(uses))}</td>
              <td class="num">
                {upTo === null ? null : (
                  <>
                    <AmountText amount={sum} currency={unitOf(currency)} /> /{' '}
                    <AmountText amount={upTo} currency={unitOf(currency)} />
                  </>
                )}
              </td>
              <td>
                <Time at={until} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function LimitTables() {
  const limits = useQuery({ queryKey: ['limits'], queryFn: ({ signal }) => get<LimitList>('/v1/limits', signal) });
  const grants = useQuery({
    queryKey: ['grants'],
    queryFn: ({ signal }) => get<{ grants: GrantView[] }>('/v1/grants', signal),
  });
  const error = limits.error ?? grants.error;
  if (error !== null) return <ProblemNotice error={error} />;
  if (limits.data === undefined || grants.data === undefined) return <Loading />;
  const { unused } = limits.data;
  return (
    <section class="stack-s">
      <h2>{SAY.title}</h2>
      {limits.data.limits.length === 0 ? <p class="soft">{SAY.none}</p> : <InUse limits={limits.data} />}
      {unused.length === 0 ? null : (
        <p class="faint">{SAY.unused(unused.map(({ policy, name, max }) => `${name} (${policy}), ${max}`))}</p>
      )}
      <h3>{SAY.grants}</h3>
      {grants.data.grants.length === 0 ? (
        <p class="soft">{WORDS.grants.empty}</p>
      ) : (
        <GrantsInUse grants={grants.data.grants} />
      )}
    </section>
  );
}
