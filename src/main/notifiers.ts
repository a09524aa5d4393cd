/** All notifiers: Slack where there is a workspace, mail where there is a relay. */
import { MAIL, createMailNotifier, createSmtpTransport } from '../mail/index.ts';
import { tellTogether } from '../notify/together.ts';
import type { Notifiers, Parts } from './parts.ts';

/** Adds mail to the notifiers, where the settings name a relay. The caller closes it. */
export function withMail(
  { config, directory, log }: Pick<Parts, 'config' | 'directory' | 'log'>,
  slack: Notifiers,
): { notifier: Notifiers; close(): void } {
  const { mail } = config;
  if (mail === null) return { notifier: slack, close: () => undefined };
  const transport = createSmtpTransport(mail);
  const domain = /@([^\s@<>]+)>?$/.exec(mail.from)?.[1] ?? 'countersign.invalid';
  return {
    notifier: (tenant) => {
      const letters = createMailNotifier({
        send: (one) => transport.send(one),
        addressOf: (id) => {
          const person = directory.current(tenant).person(id);
          return person?.active === true ? person.email : null;
        },
        domain,
        log,
      });
      const first = slack(tenant);
      const way = { notifier: letters, owns: ({ workspace }: { workspace: string }) => workspace === MAIL };
      if (first === null) return tellTogether([way]);
      return tellTogether([{ notifier: first, owns: ({ workspace }) => workspace !== MAIL }, way]);
    },
    close: () => transport.close(),
  };
}
