/** Sums by currency, never across. Undisclosed amounts are counted beside a sum, never in it. */
import { Link } from 'wouter';
import type { OverridesReport } from '../../../contract/views/index.ts';
import { inCurrency } from '../../../export/values.ts';
import { WORDS } from '../words.ts';

type MoneyTotals = OverridesReport['currencies'];
type Stage = 'asked' | 'approved' | 'released' | 'executed';

export function SumText({ money, stage }: { money: MoneyTotals; stage: Stage }) {
  return (
    <>
      {money.map((total) => (
        <div key={total.currency ?? ''} class="num">
          {inCurrency(total[stage].sum, total.currency)}
          {total[stage].undisclosed === 0 ? null : (
            <span class="faint"> {WORDS.money.undisclosed(total[stage].undisclosed)}</span>
          )}
        </div>
      ))}
    </>
  );
}

export function MoneyTable({
  caption,
  rows,
}: {
  caption: string;
  /** `href`: the rows behind it. */
  rows: readonly { name: string; href?: string; actions?: number; money: MoneyTotals }[];
}) {
  const counted = rows.some(({ actions }) => actions !== undefined);
  return (
    <div class="table-wrap" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{caption}</th>
            {counted ? (
              <th scope="col" class="num">
                {WORDS.money.actions}
              </th>
            ) : null}
            {WORDS.money.stages.map((name) => (
              <th key={name} scope="col" class="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, href, actions, money }) => (
            <tr key={name}>
              <th scope="row">{href === undefined ? name : <Link href={href}>{name}</Link>}</th>
              {counted ? <td class="num">{actions}</td> : null}
              {(['asked', 'approved', 'released', 'executed'] as const).map((stage) => (
                <td key={stage} class="num">
                  <SumText money={money} stage={stage} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
