/** The settings file of tenants: the directory and Slack workspace of each. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { DEFAULT_TENANT, TENANT_NAME } from '../contract/index.ts';
import type { SlackSettings } from './config.ts';
import { readSettingsFile } from './settings-file.ts';

export interface TenantSettings {
  name: string;
  /** Its directory file; null where it uses the stack's. */
  directory: string | null;
  /** Its Slack workspace; null where it has none. */
  slack: SlackSettings | null;
}

const text = z.string().min(1);
const slackSchema = z
  .strictObject({
    botToken: text.describe('Token of the workspace’s bot (`xoxb-…`).'),
    signingSecret: text.optional().describe('Verifies what Slack sends over HTTP.'),
    appToken: text.optional().describe('For Socket Mode (`xapp-…`).'),
    apiUrl: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Another address of Slack’s API.'),
  })
  .refine(
    ({ signingSecret, appToken }) => signingSecret !== undefined || appToken !== undefined,
    'has `signingSecret` (HTTP) or `appToken` (Socket Mode)',
  );

/** The file. */
export const tenantsSchema = z.strictObject({
  tenants: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(TENANT_NAME, 'is the name of a tenant')
          .refine((name) => name !== DEFAULT_TENANT, 'is not `default`, whose settings are the stack’s own')
          .describe('The tenant.'),
        directory: text.optional().describe('Its directory; from the folder of this file. Default: the stack’s.'),
        slack: slackSchema.optional().describe('Its Slack workspace; left out where it has none.'),
      }),
    )
    .max(1000)
    .describe('Tenants beside `default`.'),
});

/** Paths in the file are relative to it. @throws CountersignError `configuration`; no value is repeated, for some are secrets. */
export function readTenants(file: string | undefined): TenantSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('tenants', file, tenantsSchema);
  const seen = new Set<string>();
  return settings.tenants.map(({ name, directory, slack }) => {
    for (const key of [`tenant ${name}`, `workspace ${slack?.botToken ?? name}`]) {
      if (seen.has(key)) throw wrong(`\`${name}\`, or its Slack workspace, is there twice`);
      seen.add(key);
    }
    return {
      name,
      directory: directory === undefined ? null : resolve(dirname(file), directory),
      slack: slack === undefined ? null : slackOf(slack),
    };
  });
}

const slackOf = ({ botToken, signingSecret, appToken, apiUrl }: z.output<typeof slackSchema>): SlackSettings => ({
  botToken,
  signingSecret,
  appToken,
  apiUrl,
});
