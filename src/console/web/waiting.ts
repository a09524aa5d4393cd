/** The items that wait for the signed-in person. */
import { useQuery } from '@tanstack/react-query';
import type { Inbox } from '../../contract/views/index.ts';
import { get, readMe } from './api.ts';

const LOOK_AGAIN_MS = 20_000;

export function useWaiting() {
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal), staleTime: 60_000 });
  return useQuery({
    queryKey: ['inbox'],
    queryFn: ({ signal }) => get<Inbox>('/v1/inbox', signal),
    // A key is not a person, so nothing waits for it.
    enabled: me.data?.kind === 'person',
    refetchInterval: LOOK_AGAIN_MS,
    staleTime: LOOK_AGAIN_MS / 2,
  });
}
