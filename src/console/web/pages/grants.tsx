/** Current standing approvals that concern this person, what was used of each, and the button that ends one immediately. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import { Link } from 'wouter';
import type { GrantView } from '../../../contract/views/index.ts';
import { get, postUnanswered } from '../api.ts';
import { AmountText, Empty, Loading, PageHead, PersonName, ProblemNotice, Time } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { WORDS } from '../words.ts';

const SAY = WORDS.grants;

function Grant({ grant, end }: { grant: GrantView; end(): void }) {
  const { verb, surface, actor, by, action, until, uses, used, upTo, sum, currency, policy, rule } = grant;
  const unit = currency?.toUpperCase() ?? null;
  return (
    <tr>
      <td>
        <Link href={`/actions/${action}`}>
          {verb} <span class="faint">{surface}</span>
        </Link>
      </td>
      <td>{actor}</td>
      <td>
        <PersonName id={by} />
      </td>
      <td>
        <Time at={until} />
      </td>
      <td class="num">
        {used} / {uses}
      </td>
      <td class="num">
        {upTo === null ? null : (
          <>
            <AmountText amount={sum} currency={unit} /> / <AmountText amount={upTo} currency={unit} />
          </>
        )}
      </td>
      <td class="faint">
        {policy} · {rule}
      </td>
      <td>
        <button type="button" class="danger" onClick={end}>
          {SAY.end}
        </button>
      </td>
    </tr>
  );
}

export function GrantsPage() {
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: ['grants'],
    queryFn: ({ signal }) => get<{ grants: GrantView[] }>('/v1/grants', signal),
  });
  const [failed, setFailed] = useState<Error | null>(null);
  const grants = list.data?.grants ?? [];
  const end = async (id: string): Promise<void> => {
    setFailed(null);
    try {
      await postUnanswered(`/v1/grants/${id}/revoke`, {});
    } catch (error) {
      setFailed(error instanceof Error ? error : new Error(String(error)));
    }
    await queries.invalidateQueries({ queryKey: ['grants'] });
  };
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      {list.error === null ? null : <ProblemNotice error={list.error} again={() => void list.refetch()} />}
      {failed === null ? null : <ProblemNotice error={failed} />}
      {list.isLoading ? <Loading /> : null}
      {list.data !== undefined && grants.length === 0 ? (
        <Empty title={SAY.empty}>
          <p>{SAY.how}</p>
        </Empty>
      ) : null}
      {grants.length === 0 ? null : (
        <div class="table-wrap" role="region" aria-label={SAY.title} tabIndex={0}>
          <table>
            <TableHead names={SAY.columns} />
            <tbody>
              {grants.map((grant) => (
                <Grant key={grant.id} grant={grant} end={() => void end(grant.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
