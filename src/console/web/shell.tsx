/** The frame of every page: who is signed in, the pages, and the open one. */
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'preact/compat';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import type { Me } from '../../contract/views/index.ts';
import { ApiProblem, readMe } from './api.ts';
import { LogAlarm } from './log-alarm.tsx';
import { DecisionsPage } from './pages/decisions.tsx';
import { useWaiting } from './waiting.ts';
import { Loading, PageHead, ProblemNotice } from './ui/pieces.tsx';
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

/** Auditors and owners, who may see everything of the tenant. */
const reads = ({ kind, roles }: Me): boolean =>
  kind === 'key' || roles.some((role) => role === 'auditor' || role === 'owner');

const PAGES: readonly Page[] = [
  { path: '/inbox', name: WORDS.nav.inbox, for: isPerson },
  { path: '/grants', name: WORDS.nav.grants, for: anybody },
  { path: '/overview', name: WORDS.nav.overview, for: reads },
  { path: '/decisions', name: WORDS.nav.decisions, for: anybody },
  { path: '/findings', name: WORDS.nav.findings, for: reads },
  { path: '/reports', name: WORDS.nav.reports, for: reads },
  { path: '/samples', name: WORDS.nav.samples, for: reads },
  { path: '/statements', name: WORDS.nav.statements, for: reads },
  { path: '/people', name: WORDS.nav.people, for: reads },
  { path: '/policies', name: WORDS.nav.policies, for: reads },
  { path: '/evidence', name: WORDS.nav.evidence, for: reads },
  { path: '/settings', name: WORDS.nav.settings, for: anybody },
];

const Waiting = lazy(() => import('./pages/inbox.tsx').then(({ WaitingPage: page }) => ({ default: page })));
const Grants = lazy(() => import('./pages/grants.tsx').then(({ GrantsPage: page }) => ({ default: page })));
const OneAction = lazy(() => import('./pages/action.tsx').then(({ ActionPage: page }) => ({ default: page })));
const Overview = lazy(() => import('./pages/overview.tsx').then(({ OverviewPage: page }) => ({ default: page })));
const AllFindings = lazy(() => import('./pages/findings.tsx').then(({ FindingsPage: page }) => ({ default: page })));
const Reports = lazy(() => import('./pages/reports.tsx').then(({ ReportsPage: page }) => ({ default: page })));
const Samples = lazy(() => import('./pages/samples.tsx').then(({ SamplesPage: page }) => ({ default: page })));
const Statements = lazy(() => import('./pages/statements.tsx').then(({ StatementsPage: page }) => ({ default: page })));
const People = lazy(() => import('./pages/people.tsx').then(({ PeoplePage: page }) => ({ default: page })));
const OnePerson = lazy(() => import('./pages/people.tsx').then(({ PersonPage: page }) => ({ default: page })));
const Policies = lazy(() => import('./pages/policies.tsx').then(({ PoliciesPage: page }) => ({ default: page })));
const Evidence = lazy(() => import('./pages/evidence.tsx').then(({ EvidencePage: page }) => ({ default: page })));
const Settings = lazy(() => import('./pages/settings.tsx').then(({ SettingsPage: page }) => ({ default: page })));

const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M8 17.5l5.2 5.2L24 11" fill="none" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round" />
  </svg>
);

/** Calls no API, which would only say again that nobody is signed in. */
function SignedOut() {
  const [path] = useLocation();
  useEffect(() => {
    document.title = `${WORDS.signedOut.title} · ${WORDS.product}`;
  }, []);
  return (
    <main class="stack">
      <header class="head">
        <div>
          <h1>{WORDS.signedOut.title}</h1>
          <p>{WORDS.signedOut.text}</p>
        </div>
      </header>
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
    // Users of a screen reader hear the new page, not the link again.
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
          <LogAlarm />
          <Suspense fallback={<Loading />}>
            <Switch>
              <Route path="/">
                <Redirect to={reads(me) ? '/overview' : '/inbox'} replace />
              </Route>
              <Route path="/inbox" component={Waiting} />
              <Route path="/grants" component={Grants} />
              <Route path="/actions/:id" component={OneAction} />
              <Route path="/overview" component={Overview} />
              <Route path="/findings" component={AllFindings} />
              <Route path="/reports" component={Reports} />
              <Route path="/samples" component={Samples} />
              <Route path="/statements" component={Statements} />
              <Route path="/people" component={People} />
              <Route path="/people/:id" component={OnePerson} />
              <Route path="/policies" component={Policies} />
              <Route path="/evidence" component={Evidence} />
              <Route path="/settings" component={Settings} />
              <Route path="/decisions" component={DecisionsPage} />
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
      <ProblemNotice error={me.error} again={() => void me.refetch()} />
    </main>
  );
}
