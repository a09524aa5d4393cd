/** What is read beside checking who calls: for a credential that counted before, and for nobody else. */
import { describe, expect, it } from 'vitest';
import { createArrival } from '../../src/gateway/arrive.ts';
import type { Caller } from '../../src/identity/index.ts';

const callerOf = (tenant: string): Caller => ({
  kind: 'key',
  id: 'key:one',
  tenant,
  surfaces: ['**'],
  actors: ['*'],
  roles: [],
  groups: [],
});

/** An arrival whose credentials are of the tenants in `known`. */
function world(known: Record<string, string>) {
  const begun: string[] = [];
  const arrive = createArrival({
    authenticate: (authorization = '') => {
      const tenant = known[authorization];
      return tenant === undefined ? Promise.reject(new Error('unauthenticated')) : Promise.resolve(callerOf(tenant));
    },
  });
  const begin = (tenant: string): Promise<string> => {
    begun.push(tenant);
    return Promise.resolve(`read of ${tenant}`);
  };
  return { known, begun, arrive: (authorization: string | undefined) => arrive(authorization, begin) };
}

describe('arriving', () => {
  it('reads nothing for a credential that it does not know yet, and at once from then on', async () => {
    const { arrive, begun } = world({ a: 'one' });
    expect((await arrive('a')).begun).toBeNull();
    expect(begun).toEqual([]);
    const { caller, begun: read } = await arrive('a');
    expect([caller.tenant, await read, begun]).toEqual(['one', 'read of one', ['one']]);
  });

  it('never reads for one that was not accepted, nor for none at all', async () => {
    const { arrive, begun } = world({});
    for (const credential of ['b', 'b', undefined, undefined])
      await expect(arrive(credential)).rejects.toThrow('unauthenticated');
    expect(begun).toEqual([]);
  });

  it('refuses one that was accepted before and is no more, whatever was read', async () => {
    const { arrive, known } = world({ c: 'one' });
    await arrive('c');
    delete known['c'];
    await expect(arrive('c')).rejects.toThrow('unauthenticated');
  });

  it('throws away what was read for another tenant', async () => {
    const { arrive, known } = world({ d: 'one' });
    await arrive('d');
    known['d'] = 'two';
    const { caller, begun } = await arrive('d');
    expect([caller.tenant, begun]).toEqual(['two', null]);
  });
});
