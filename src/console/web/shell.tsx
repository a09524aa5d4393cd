/** The frame of every page: who is here, the pages that there are, and the one that is open. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'preact/compat';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import type { Me } from '../../contract/views/index.ts';
import { ApiProblem, readMe } from './api.ts';
import { Decisions } from './pages/decisions.tsx';
import { useWaiting } from './waiting.ts';
import { Loading, PageHead, Problem } from './ui/pieces.tsx';
import { WORDS } from './words.ts';
import { ZonePicker } from './zone.tsx';

interface Page {
  path: string;
  name: string;
  /** Whether it is of any use to this person. */
  for(me: Me): boolean;
}

const anybody = (): boolean => true;

const isPerson = ({ kind }: Me): boolean => kind === 'person';

const PAGES: readonly Page[] = [
  { path: '/inbox', name: WORDS.nav.inbox, for: isPerson },
  { path: '/decisions', name: WORDS.nav.decisions, for: anybody },
];

const Waiting = lazy(() => import('./pages/inbox.tsx').then(({ Waiting: page }) => ({ default: page })));
const OneAction = lazy(() => import('./pages/action.tsx').then(({ OneAction: page }) => ({ default: page })));

const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M8 17.5l5.2 5.2L24 11" fill="none" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);

function SignedOut() {
  const [path] = useLocation();
  return (
    <main class="stack">
      <PageHead title={WORDS.signedOut.title} lead={WORDS.signedOut.text} />
      <p>
        <a class="button primary" href={`/sign-in?${new URLSearchParams({ to: `/console${path}` }).toString()}`}>
          {WORDS.signedOut.go}
        </a>
      </p>
      <p class="soft">{WORDS.signedOut.local}</p>
    </main>
  );
}

const NotFound = () => (
  <div class="stack">
    <PageHead title={WORDS.notFound.title} />
    <p>
      <Link href="/decisions">{WORDS.notFound.back}</Link>
    </p>
  </div>
);

function Navigation({ me }: { me: Me }) {
  const [path] = useLocation();
  const waiting = useWaiting();
  const count = waiting.data?.items.length ?? 0;
  return (
    <nav aria-label={WORDS.pages}>
      <ul class="nav">
        {PAGES.filter((page) => page.for(me)).map((page) => (
          <li key={page.path}>
            <Link href={page.path} aria-current={path === page.path ? 'page' : undefined}>
              {page.name}
              {page.path === '/inbox' && count > 0 ? <span class="count">{count}</span> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Frame({ me }: { me: Me }) {
  const [open, setOpen] = useState(false);
  const [path] = useLocation();
  const content = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    // Whoever listens hears the new page, not the link again.
    if (!first.current) content.current?.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [path]);
  return (
    <>
      <a class="skip" href="#content">
        {WORDS.skip}
      </a>
      <header class="top">
        <Link href="/" class="brand">
          <Mark />
          {WORDS.product}
        </Link>
        <button type="button" class="menu-button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {WORDS.menu}
        </button>
      </header>
      <div class="frame">
        <div class="side" role="region" aria-label={WORDS.side} data-open={open ? '' : undefined}>
          <Link href="/" class="brand">
            <Mark />
            {WORDS.product}
          </Link>
          <Navigation me={me} />
          <div class="who stack-s">
            <div>
              <strong>{me.name ?? me.id}</strong>
              {me.roles.join(', ')}
            </div>
            <ZonePicker />
            <div class="row">
              <a href="/account">{WORDS.account}</a>
            </div>
            <form method="post" action="/sign-out">
              <button type="submit">{WORDS.signOut}</button>
            </form>
          </div>
        </div>
        <main id="content" tabIndex={-1} ref={content}>
          <Suspense fallback={<Loading />}>
            <Switch>
              <Route path="/">
                <Redirect to="/decisions" replace />
              </Route>
              <Route path="/inbox" component={Waiting} />
              <Route path="/actions/:id" component={OneAction} />
              <Route path="/decisions" component={Decisions} />
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </main>
      </div>
    </>
  );
}

export function Shell() {
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal), staleTime: 60_000 });
  if (me.data !== undefined) return <Frame me={me.data} />;
  if (me.error === null) return <Loading />;
  if (me.error instanceof ApiProblem && me.error.status === 401) return <SignedOut />;
  return (
    <main>
      <Problem error={me.error} again={() => void me.refetch()} />
    </main>
  );
}
