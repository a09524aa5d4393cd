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
const claim = z.strictObject({ claim: text.describe('The name of the claim that says it.') });
const names = z.union([z.array(text).max(64), claim]);
const duration = (longest: number) =>
  z.string().transform((value, context) => {
    const ms = parseDuration(value);
    if (ms !== null && ms >= 0 && ms <= longest) return ms;
    context.addIssue({ code: 'custom', message: `is a duration of at most ${longest / 1000} seconds, such as 5m` });
    return z.NEVER;
  });

const issuerSchema = z.strictObject({
  name: settingName.describe('What it is called.'),
  issuer: trusted.describe('`iss` of its tokens.'),
  audience: z
    .union([text.transform((one) => [one]), z.array(text).min(1).max(16)])
    .describe('`aud` that its tokens have; one of several.'),
  jwksUri: trusted.optional().describe('Where its keys are; default: by OpenID Connect Discovery.'),
  algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1).describe('Which its signatures may have.'),
  typ: text.optional().describe('`typ` that the header has to have.'),
  requires: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('Claims that a token has to have, with their values.'),
  maxAge: duration(24 * 3_600_000)
    .prefault('1h')
    .describe('How old a token may be, since its `iat`.'),
  skew: duration(60_000).prefault('30s').describe('How far clocks may differ.'),
  keepKeys: duration(24 * 3_600_000)
    .prefault('1h')
    .describe('How long its last good keys count while it cannot be reached.'),
  map: z
    .strictObject({
      actor: text
        .regex(/^(user|service|agent):/, 'begins with `user:`, `service:` or `agent:`')
        .describe('Who acts, made of claims: `service:{sub}`.'),
      subject: text
        .regex(/^(user|service|agent):/, 'begins with `user:`, `service:` or `agent:`')
        .optional()
        .describe('For whom an actor with an `act` claim (RFC 8693) acts; without it such tokens are refused.'),
      owner: text
        .regex(/^user:/, 'begins with `user:`')
        .optional()
        .describe('Who answers for an agent, made of claims.'),
      roles: names.default([]).describe('Roles, or the claim that has them.'),
      groups: names.default([]).describe('Groups, or the claim that has them.'),
      tenant: z
        .union([z.string().regex(TENANT_NAME), claim])
        .default('default')
        .describe('The tenant, or the claim that names it.'),
      folder: z
        .union([z.string().regex(/^\//, 'starts with `/`'), claim])
        .optional()
        .describe('The folder that `context.folder` has to be in, or the claim that names it.'),
      surfaces: z
        .union([z.array(text).min(1).max(64), claim])
        .describe('On which it may ask, or the claim that lists them.'),
      provenance: z
        .boolean()
        .default(false)
        .describe('True: it may say where values come from (`context.provenance`).'),
    })
    .describe('What its claims mean here.'),
});

const signInSchema = z.strictObject({
  name: settingName.describe('What the page of sign-in calls it.'),
  issuer: trusted.describe('The identity provider.'),
  clientId: text.describe('Our id there.'),
  clientSecret: text.optional().describe('Our secret there; left out for a public client.'),
  person: text.regex(/^user:/, 'begins with `user:`').describe('Who signs in, made of claims: `user:{email}`.'),
  requires: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe('Claims that an ID token has to have, with their values.'),
  scopes: z.array(text).default(['openid', 'email', 'profile']).describe('What is asked for.'),
  tenant: z.string().regex(TENANT_NAME).default('default').describe('Whose people they are.'),
});

const signalSchema = z.strictObject({
  name: settingName.describe('What it is called.'),
  issuer: trusted.describe('`iss` of its security events.'),
  audience: text.describe('`aud` that they have.'),
  jwksUri: trusted.optional().describe('Where its keys are; default: by OpenID Connect Discovery.'),
  algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1).describe('Which its signatures may have.'),
  person: text.regex(/^user:/, 'begins with `user:`').describe('Whom an event is about, made of its subject.'),
  tenant: z.string().regex(TENANT_NAME).default('default').describe('Whose people they are.'),
});

/** The file. */
export const issuersSchema = z
  .strictObject({
    issuers: z.array(issuerSchema).max(32).default([]).describe('Whose access tokens are credentials.'),
    signIn: z.array(signInSchema).max(32).default([]).describe('Where people sign in to the console.'),
    signals: z.array(signalSchema).max(32).default([]).describe('Whose security events (CAEP, RISC) stop people.'),
  })
  .refine(
    ({ issuers, signIn, signals }) => issuers.length + signIn.length + signals.length > 0,
    'names neither `issuers`, `signIn` nor `signals`',
  );

/** Issuers whose security events are trusted. @throws CountersignError `configuration` */
export function readSignals(file: string | undefined): SignalSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, issuersSchema);
  const issuers = settings.signals.map(({ issuer }) => issuer);
  if (new Set(issuers).size !== issuers.length) throw wrong('an issuer of `signals` is there twice');
  return settings.signals.map(({ jwksUri, ...one }) => ({ ...one, jwksUri: jwksUri ?? null }));
}

/** Where people sign in. @throws CountersignError `configuration` */
export function readSignIn(file: string | undefined): SignInSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, issuersSchema);
  const names = settings.signIn.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`\`${twice}\` is there twice`);
  return settings.signIn.map(({ clientSecret, ...one }) => ({ ...one, clientSecret: clientSecret ?? null }));
}

/** @throws CountersignError `configuration` */
export function readIssuers(file: string | undefined): IssuerSettings[] {
  if (file === undefined) return [];
  const { settings, wrong } = readSettingsFile('issuers', file, issuersSchema);
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
