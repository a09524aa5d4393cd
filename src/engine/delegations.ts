import type { Delegation } from '../identity/index.ts';
import type { EngineDeps } from './deps.ts';

/** The delegations that hold now, by their sealed records. Whom each covers is for identity/ to say. */
export async function delegationsInForce(
  deps: Pick<EngineDeps, 'register' | 'now'>,
  tenant: string,
): Promise<Delegation[]> {
  const { delegations } = await deps.register.current(tenant);
  const now = deps.now().getTime();
  return [...delegations.values()].filter(
    ({ startsAt, endsAt, revokedAt }) => startsAt <= now && now < endsAt && (revokedAt === null || now < revokedAt),
  );
}
