/** The settings file of rotas: the service that keeps each one, and the people who are asked if it does not answer. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { createSecrets } from '../connectors/index.ts';
import { isCountersignError } from '../contract/index.ts';
import { createOnCall, isTrustworthy, NOBODY_ON_CALL, sourceOf, type OnCall } from '../identity/index.ts';
import { SECRET_REFERENCE } from '../connectors/settings.ts';
import type { Env } from './config.ts';
import { readSettingsFile, settingName } from './settings-file.ts';

const url = z.string().max(1024).refine(isTrustworthy, 'is an https URL, or one of this machine');
const token = z.string().regex(SECRET_REFERENCE, 'is `env:NAME` or `file:/path`: a secret has no place in this file');
const rota = {
  name: settingName.describe('What policies call it: `oncall:NAME`.'),
  tenant: z.string().min(1).default('default').describe('Whose policies may ask it.'),
  fallback: z
    .array(z.string().regex(/^(user|group|role):\S+$/, 'is `user:…`, `group:…` or `role:…`'))
    .min(1)
    .max(8)
    .describe('Who is asked where it does not answer, or names nobody.'),
};

/** The file. */
export const rotasSchema = z.strictObject({
  rotas: z
    .array(
      z.discriminatedUnion('source', [
        z.strictObject({
          ...rota,
          source: z.literal('pagerduty').describe('PagerDuty keeps it.'),
          url: url.default('https://api.pagerduty.com').describe('Address of PagerDuty.'),
          token: token.describe('Where the API token is: `env:NAME` or `file:/path`.'),
          escalationPolicy: z
            .string()
            .regex(/^[A-Za-z0-9]{1,64}$/, 'is the id of an escalation policy')
            .describe('Id of the escalation policy whose first tier is asked.'),
        }),
        z.strictObject({
          ...rota,
          source: z.literal('opsgenie').describe('Opsgenie keeps it.'),
          url: url.default('https://api.opsgenie.com').describe('Address of Opsgenie.'),
          token: token.describe('Where the API key is: `env:NAME` or `file:/path`.'),
          schedule: z.string().min(1).max(256).describe('Id or name of the schedule.'),
        }),
        z.strictObject({
          ...rota,
          source: z.literal('icalendar').describe('A file in iCalendar form keeps it.'),
          file: z.string().min(1).describe('The calendar; from the folder of this file.'),
        }),
      ]),
    )
    .max(100)
    .describe('Who is on call, by name.'),
});

/** Files in it are relative to it. @throws CountersignError `configuration`; no value is repeated */
export function readOnCall({ file, env }: { file: string | undefined; env: Env }): OnCall {
  if (file === undefined) return NOBODY_ON_CALL;
  const { settings, wrong } = readSettingsFile('rotas', file, rotasSchema);
  const secrets = createSecrets(env);
  const seen = new Set<string>();
  const rotas = settings.rotas.map((one) => {
    const { name, tenant, fallback } = one;
    if (seen.has(`${tenant}/${name}`)) throw wrong(`\`${name}\` is there twice`);
    seen.add(`${tenant}/${name}`);
    if (one.source === 'icalendar') {
      const calendar = { source: one.source, file: resolve(dirname(file), one.file) };
      return { name, tenant, fallback, source: sourceOf(calendar, () => '', globalThis.fetch) };
    }
    try {
      secrets.read(one.token);
    } catch (error) {
      throw isCountersignError(error) ? wrong(`\`${name}\`: ${error.message}`) : error;
    }
    return { name, tenant, fallback, source: sourceOf(one, () => secrets.read(one.token), globalThis.fetch) };
  });
  return createOnCall(rotas, Date.now);
}
