/** What waits for this person, by deadline. */
import { Link } from 'wouter';
import type { InboxItem } from '../../../contract/views/index.ts';
import { Badge, Empty, Loading, PageHead, ProblemNotice, Time } from '../ui/pieces.tsx';
import { useWaiting } from '../waiting.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.inbox;

function Item({ item }: { item: InboxItem }) {
  return (
    <li>
      <Link href={`/actions/${item.id}`}>
        <span class="stack-s">
          <strong>{item.summary}</strong>
          <span class="faint">
            {item.surface} · {item.actor.name ?? item.actor.id}
          </span>
          {item.asDelegate ? <span class="faint">{SAY.standsIn}</span> : null}
        </span>
        <span class="stack-s">
          <Badge tone={item.kind === 'review' ? 'bad' : 'accent'}>{SAY.kinds[item.kind]}</Badge>
          <span class="faint">
            {SAY.due} <Time at={item.due} />
          </span>
        </span>
      </Link>
    </li>
  );
}

export function WaitingPage() {
  const inbox = useWaiting();
  const items = inbox.data?.items ?? [];
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      {inbox.error === null ? null : <ProblemNotice error={inbox.error} again={() => void inbox.refetch()} />}
      {inbox.isLoading ? <Loading /> : null}
      {inbox.data !== undefined && items.length === 0 ? (
        <Empty title={SAY.emptyTitle}>
          <p>{SAY.emptyText}</p>
        </Empty>
      ) : null}
      <ul class="waiting-list">
        {items.map((item) => (
          <Item key={`${item.kind} ${item.id}`} item={item} />
        ))}
      </ul>
    </div>
  );
}
