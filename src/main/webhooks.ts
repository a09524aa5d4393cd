/** The settings file of notification webhooks: addresses and secrets, which have no place in a policy. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import type { WebhookEndpoint } from '../activities/deps.ts';
import { EVENTS } from '../activities/events.ts';
import { faultOfTarget, type WebhookTargets } from '../activities/webhook-target.ts';
import { CountersignError } from '../contract/index.ts';

const fileSchema = z.strictObject({
  webhooks: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'is lower case letters, digits, `-` and `_`'),
        tenant: z.string().min(1).default('default'),
        url: z.url({ protocol: /^https?$/, error: 'is a URL such as https://pager.example/hooks' }),
        secret: z
          .string()
          .regex(/^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/, 'is `whsec_` and the base64 of at least 24 bytes')
          .optional(),
        events: z
          .array(z.enum(EVENTS, `is one of ${EVENTS.join(', ')}`))
          .min(1)
          .optional(),
        always: z.boolean().default(false),
      }),
    )
    .max(100),
});

/** @throws CountersignError `configuration`; no value is repeated, for they are secrets. */
export function readEndpoints(settings: { file: string | undefined; targets: WebhookTargets }): WebhookEndpoint[] {
  const { file, targets } = settings;
  if (file === undefined) return [];
  const wrong = (what: string): CountersignError =>
    new CountersignError('configuration', `the webhooks file \`${file}\` cannot be used: ${what}`);
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw wrong(syscall === undefined ? 'it is not YAML' : `it cannot be read (${code ?? ''})`);
  }
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) {
    throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; '));
  }
  const seen = new Set<string>();
  return parsed.data.webhooks.map(({ name, tenant, url, secret, events, always }) => {
    const key = `${tenant}/${name}`;
    if (seen.has(key)) throw wrong(`\`${name}\` is there twice`);
    seen.add(key);
    const fault = faultOfTarget(new URL(url), targets);
    if (fault !== null) throw wrong(`\`${name}\`: ${fault} (COUNTERSIGN_WEBHOOK_TARGETS is ${targets})`);
    return { name, tenant, url, secret, events: events ?? null, always };
  });
}
