/** Shown above every page while the log does not verify: what is wrong with it. */
import { useQuery } from '@tanstack/react-query';
import type { LogStateView } from '../../contract/views/index.ts';
import { get } from './api.ts';
import { WORDS } from './words.ts';

const SAY = WORDS.log;
const LOOK_AGAIN_MS = 20_000;
/** While the server reads on. */
const READING_MS = 2000;
const FAULTS_SHOWN = 5;

export const useLogState = () =>
  useQuery({
    queryKey: ['log-state'],
    queryFn: ({ signal }) => get<LogStateView>('/v1/log', signal),
    refetchInterval: ({ state }) => (state.data?.reading != null ? READING_MS : LOOK_AGAIN_MS),
  });

export function LogAlarm() {
  const faults = useLogState().data?.faults ?? [];
  if (faults.length === 0) return null;
  return (
    <section class="shout stack-s" role="alert">
      <h2>{SAY.broken}</h2>
      <p>{SAY.brokenText}</p>
      <ul>
        {faults.slice(0, FAULTS_SHOWN).map(({ message }) => (
          <li key={message}>{message}</li>
        ))}
        {faults.length > FAULTS_SHOWN ? <li>{SAY.brokenMore(faults.length - FAULTS_SHOWN)}</li> : null}
      </ul>
    </section>
  );
}
