/** Mails over SMTP, by nodemailer. Signing (DKIM) is the relay's. */
import { createTransport } from 'nodemailer';
import type { Mail } from './notifier.ts';

export interface SmtpSettings {
  /** `smtp://…` (STARTTLS is demanded beyond loopback) or `smtps://…`, with user and password where the relay wants them. */
  url: string;
  /** `Countersign <countersign@acme.test>`. */
  from: string;
  /** Whether the relay is on this machine, where mail may go in clear. */
  loopback: boolean;
}

const PATIENCE_MS = 10_000;

/** Sends one mail; the connection is kept for the next. */
export function createSmtpTransport({ url, from, loopback }: SmtpSettings): {
  send(mail: Mail): Promise<void>;
  close(): void;
} {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const standardPort = secure ? 465 : 587;
  const transport = createTransport({
    pool: true,
    maxConnections: 2,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? standardPort : Number(port),
    secure,
    requireTLS: !secure && !loopback,
    ignoreTLS: !secure && loopback,
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    // Nothing in a mail names a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  });
  return {
    async send({ to, subject, text, messageId, inReplyTo }) {
      await transport.sendMail({
        from,
        // One address, whatever characters it has: a comma does not make it two.
        to: { name: '', address: to },
        subject,
        text,
        messageId,
        ...(inReplyTo === undefined ? {} : { inReplyTo, references: inReplyTo }),
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    },
    close: () => transport.close(),
  };
}
