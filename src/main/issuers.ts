/** The settings file of token issuers: which are trusted, for what, and what their claims mean. */
import { z } from 'zod';
import { TENANT_NAME } from '../contract/index.ts';
import {
  isTrustworthy,
  TOKEN_ALGORITHMS,
  type IssuerSettings,
  type SignalSettings,
  type SignInSettings,
} from '../identity/index.ts';
import { parseDuration } from '../policy/duration.ts';
import { readSettingsFile, settingName } from './settings-file.ts';

const text = z.string().min(1).max(1024);
const trusted = text.refine(isTrustworthy, 'is an https URL, or one of this machine');
const claim = z.strictObject({ claim: text });
const names = z.union([z.array(text).max(64), claim]);
const duration = (longest: number) =>
  z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== null && ms >= 0 && ms <= longest) return ms;
    context.addIssue({ code: 'custom', message: `is a duration of at most ${longest / 1000} seconds, such as 5m` });
    return z.NEVER;
  });

const issuerSchema = z.strictObject({
  name: settingName,
  issuer: trusted,
  audience: z.union([text.transform((one) => [one]), z.array(text).min(1).max(16)]),
  jwksUri: trusted.optional(),
  algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1),
  typ: text.optional(),
  requires: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  maxAge: duration(24 * 3_600_000).prefault('1h'),
  skew: duration(60_000).prefault('30s'),
  keepKeys: duration(24 * 3_600_000).prefault('1h'),
  map: z.strictObject({
    actor: text.regex(/^(user|service|agent):/, 'begins with `user:`, `service:` or `agent:`'),
    subject: text.regex(/^(user|service|agent):/, 'begins with `user:`, `service:` or `agent:`').optional(),
    owner: text.regex(/^user:/, 'begins with `user:`').optional(),
    roles: names.default([]),
    groups: names.default([]),
    tenant: z.union([z.string().regex(TENANT_NAME), claim]).default('default'),
    folder: z.union([z.string().regex(/^\//, 'starts with `/`'), claim]).optional(),
    surfaces: z.union([z.array(text).min(1).max(64), claim]),
    provenance: z.boolean().default(false),
  }),
});

const signInSchema = z.strictObject({
  name: settingName,
  issuer: trusted,
  clientId: text,
  clientSecret: text.optional(),
  person: text.regex(/^user:/, 'begins with `user:`'),
  requires: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  scopes: z.array(text).default(['openid', 'email', 'profile']),
  tenant: z.string().regex(TENANT_NAME).default('default'),
});

const signalSchema = z.strictObject({
  name: settingName,
  issuer: trusted,
  audience: text,
  jwksUri: trusted.optional(),
  algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1),
  person: text.regex(/^user:/, 'begins with `user:`'),
  tenant: z.string().regex(TENANT_NAME).default('default'),
});

const fileSchema = z
  .strictObject({
    issuers: z.array(issuerSchema).max(32).default([]),
    signIn: z.array(signInSchema).max(32).default([]),
    signals: z.array(signalSchema).max(32).default([]),
  })
  .refine(
    ({ issuers, signIn, signals }) => issuers.length + signIn.length + signals.length > 0,
    'names neither `issuers`, `signIn` nor `signals`',
  );

/** Issuers whose security events are trusted. @throws CountersignError `configuration` */
export function readSignals(file: string | undefined): SignalSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, fileSchema);
  const issuers = settings.signals.map(({ issuer }) => issuer);
  if (new Set(issuers).size !== issuers.length) throw wrong('an issuer of `signals` is there twice');
  return settings.signals.map(({ jwksUri, ...one }) => ({ ...one, jwksUri: jwksUri ?? null }));
}

/** Where people sign in. @throws CountersignError `configuration` */
export function readSignIn(file: string | undefined): SignInSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, fileSchema);
  const names = settings.signIn.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`\`${twice}\` is there twice`);
  return settings.signIn.map(({ clientSecret, ...one }) => ({ ...one, clientSecret: clientSecret ?? null }));
}

/** @throws CountersignError `configuration` */
export function readIssuers(file: string | undefined): IssuerSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, fileSchema);
  const seen = new Set<string>();
  return settings.issuers.map(({ audience, jwksUri, typ, maxAge, skew, keepKeys, map, ...one }) => {
    for (const key of [`name ${one.name}`, `issuer ${one.issuer}`]) {
      if (seen.has(key)) throw wrong(`\`${one.name}\` is there twice`);
      seen.add(key);
    }
    const { subject = null, owner = null, folder = null } = map;
    return {
      ...one,
      audiences: audience,
      jwksUri: jwksUri ?? null,
      typ: typ ?? null,
      maxAgeMs: maxAge,
      skewMs: skew,
      staleMs: keepKeys,
      map: { ...map, subject, owner, folder },
    };
  });
}
