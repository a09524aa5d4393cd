/** Starts the console in its page. */
import './view/no-eval.ts';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render } from 'preact';
import { Router } from 'wouter';
import { ApiProblem } from './api.ts';
import './console.css';
import { Shell } from './shell.tsx';
import { ZoneProvider } from './zone.tsx';

const MINUTE_MS = 60_000;
const RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: MINUTE_MS / 4,
      // A refusal of the API is final; a failure may pass at the next try.
      retry: (count, error) => count < RETRIES && !(error instanceof ApiProblem && error.status < 500),
    },
  },
});

/** Slack's messages and the command line link to `/console#act_…`, also where the console is open already. */
function followLink(): void {
  const linked = /^#(act_[0-9a-f]{64})$/.exec(location.hash)?.[1];
  if (linked !== undefined) history.replaceState(null, '', `/console/actions/${linked}`);
}
followLink();
addEventListener('hashchange', followLink);

const place = document.querySelector('#app');
if (place !== null) {
  render(
    <QueryClientProvider client={queries}>
      <ZoneProvider>
        <Router base="/console">
          <Shell />
        </Router>
      </ZoneProvider>
    </QueryClientProvider>,
    place,
  );
}
