/** The settings file of connectors. Every secret that it refers to has to be there when the process starts. */
import { connectorsSchema, createConnectors, createSecrets, NO_CONNECTORS } from '../connectors/index.ts';
import { isCountersignError } from '../contract/index.ts';
import type { Connectors } from '../engine/connectors.ts';
import type { Env } from './config.ts';
import { readSettingsFile } from './settings-file.ts';

/** @throws CountersignError `configuration`; no value is repeated */
export function readConnectors({ file, env }: { file: string | undefined; env: Env }): Connectors {
  if (file === undefined) return NO_CONNECTORS;
  const { settings, wrong } = readSettingsFile('connectors', file, connectorsSchema);
  const secrets = createSecrets(env);
  const seen = new Set<string>();
  for (const one of settings.connectors) {
    const key = `${one.tenant}/${one.name}`;
    if (seen.has(key)) throw wrong(`\`${one.name}\` is there twice`);
    seen.add(key);
    try {
      for (const reference of one.type === 'sql' ? [one.database] : Object.values(one.secrets)) secrets.read(reference);
    } catch (error) {
      throw isCountersignError(error) ? wrong(`\`${one.name}\`: ${error.message}`) : error;
    }
  }
  return createConnectors(settings.connectors, secrets);
}
