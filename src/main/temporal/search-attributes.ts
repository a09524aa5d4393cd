/** Temporal's search attributes, where they are switched on. */
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../contract/search-attributes.ts';
import type { EngineDeps } from '../../engine/deps.ts';

/** `temporal.api.enums.v1.IndexedValueType` */
const KEYWORD = 2;

/**
 * Registers missing attributes in the namespace. Where we may not, as in a namespace that others administrate, it is logged, and actions start
 * without them.
 */
export async function ensureSearchAttributes(
  { connection, namespace }: { connection: Pick<NativeConnection, 'operatorService'>; namespace: string },
  log: Pick<EngineDeps['log'], 'warn'>,
): Promise<void> {
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    const missing = Object.values(SEARCH_ATTRIBUTES).filter((name) => !(name in (customAttributes ?? {})));
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    log.warn(
      { err: error },
      `the search attributes ${Object.values(SEARCH_ATTRIBUTES).join(', ')} could not be registered; where the namespace lacks them, actions start without`,
    );
  }
}
