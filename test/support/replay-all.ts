/** Same bundle, same request, same facts: same verdict, for every verdict that a test run sealed. */
import { createPolicyBundles } from '../../src/engine/compiled-bundles.ts';
import { withPeople } from '../../src/engine/people.ts';
import { judgedRequest, verdictIn } from '../../src/gateway/replay.ts';
import { replayVerdict } from '../../src/policy/index.ts';
import { externalEngines } from '../../src/policy/engines/index.ts';
import { NOTHING_IN_FORCE } from '../../src/register/index.ts';
import type { Store } from '../../src/store/index.ts';

export interface ReplayedLog {
  /** Verdicts judged again, those of releases included. */
  replayed: number;
  /** Verdicts whose payload was erased. */
  erased: number;
  /** One line for each that came out otherwise. */
  differences: string[];
}

const PAGE = 500;

/** Judges every sealed verdict of a log again, with bundles read and compiled anew from the store. */
export async function replayAll(store: Store, tenant = 'default'): Promise<ReplayedLog> {
  // Bundles are found by the hashes that verdicts seal: which is in force does not matter.
  const register = { current: () => Promise.resolve(NOTHING_IN_FORCE) };
  const deps = { store, bundles: createPolicyBundles({ store, register }, externalEngines) };
  const result: ReplayedLog = { replayed: 0, erased: 0, differences: [] };
  for (let from = 0; ; from += PAGE) {
    const page = await store.records.entries(tenant, from, from + PAGE);
    const whole = await withPeople(
      deps,
      page.map(({ record }) => record),
    );
    for (const [at, { hash, record: named }] of page.entries()) {
      const record = whole[at] ?? named;
      const sealed = verdictIn(record);
      if (sealed === null) continue;
      const request = await judgedRequest(deps, record);
      if (request === null) {
        result.erased += 1;
        continue;
      }
      const { bundle } = sealed.verdict;
      const compiled = bundle === null ? null : await deps.bundles.compiled(tenant, bundle);
      const again = replayVerdict(sealed, compiled, request);
      result.replayed += 1;
      if (!again.same) {
        result.differences.push(
          `${hash} (${record.type} of ${record.action}) differs in ${again.differences.join(', ')}: ` +
            `sealed ${JSON.stringify(sealed.verdict)}, now ${JSON.stringify(again.verdict)}`,
        );
      }
    }
    if (page.length < PAGE) return result;
  }
}
