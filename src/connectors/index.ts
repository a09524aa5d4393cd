/** Connectors: the engine executes, and agents never hold a credential. */
import type { Connector, Connectors } from '../engine/connectors.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import { createHttpConnector } from './http/connector.ts';
import type { SendOptions } from './http/send.ts';
import type { Secrets } from './secrets.ts';
import type { ConnectorSettings } from './settings.ts';
import { createSqlConnector } from './sql/connector.ts';

export { createAdvisers, type AdviserSettings } from './advice.ts';
export { createSecrets, type Secrets } from './secrets.ts';
export { connectorsSchema, type ConnectorSettings } from './settings.ts';

/** None: every request that names one is refused. */
export const NO_CONNECTORS: Connectors = { find: () => null };

export function createConnectors(
  settings: readonly ConnectorSettings[],
  secrets: Secrets,
  options: SendOptions = {},
): Connectors {
  const all = settings.map((one): { one: ConnectorSettings; connector: Connector } => ({
    one,
    connector: one.type === 'http' ? createHttpConnector(one, secrets, options) : createSqlConnector(one, secrets),
  }));
  return {
    find(tenant, { surface, action, execution }) {
      const match = all.find(({ one }) => one.tenant === tenant && one.name === execution?.connector);
      if (match === undefined) return null;
      const { surfaces, actions } = match.one;
      const serves = surfaces.some((glob) => matchesSurface(glob, surface)) && (actions?.includes(action) ?? true);
      return serves ? match.connector : null;
    },
  };
}
