/** All notifiers: Slack where there is a workspace, Teams where there is an app, mail where there is a relay. */
import { MAIL, createMailNotifier, createSmtpTransport } from '../mail/index.ts';
import type { ReadinessCheck } from '../api/routes/health.ts';
import type { PostedMessage } from '../notify/notifier.ts';
import { tellTogether, type Way } from '../notify/together.ts';
import type { Notifiers, Parts } from './parts.ts';
import { teamsWay, type TeamsParts } from './teams.ts';

/** Adds Teams and mail to the notifiers where the settings name them, with their readiness checks. The caller closes it. */
export function withOthers(
  parts: TeamsParts & Pick<Parts, 'config' | 'directory' | 'log'>,
  slack: Notifiers,
): { notifier: Notifiers; checks: ReadinessCheck[]; close(): void } {
  const teams = teamsWay(parts);
  const mail = mailWay(parts);
  return {
    notifier: (tenant) => {
      const first = slack(tenant);
      const others = [teams.way(tenant), mail.way(tenant)].filter((way) => way !== null);
      const isOthers = (message: PostedMessage): boolean => others.some(({ owns }) => owns(message));
      const ways = [...(first === null ? [] : [{ notifier: first, owns: (one) => !isOthers(one) } as Way]), ...others];
      const [one, ...more] = ways;
      return one === undefined ? null : tellTogether([one, ...more]);
    },
    checks: teams.checks,
    close: () => mail.close(),
  };
}

function mailWay({ config: { mail }, directory, log }: Pick<Parts, 'config' | 'directory' | 'log'>): {
  way(tenant: string): Way | null;
  close(): void;
} {
  if (mail === null) return { way: () => null, close: () => undefined };
  const transport = createSmtpTransport(mail);
  const domain = /@([^\s@<>]+)>?$/.exec(mail.from)?.[1] ?? 'countersign.invalid';
  return {
    way: (tenant) => ({
      notifier: createMailNotifier({
        send: (one) => transport.send(one),
        addressOf: (id) => {
          const person = directory.current(tenant).person(id);
          return person?.active === true ? person.email : null;
        },
        domain,
        log,
      }),
      owns: ({ workspace }) => workspace === MAIL,
    }),
    close: () => transport.close(),
  };
}
