/** A real SMTP server that keeps what it is sent. */
import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';

export interface SentMail {
  from: string;
  to: string[];
  headers: Record<string, string>;
  text: string;
}

export interface MailServer {
  url: string;
  readonly mails: SentMail[];
  /** Answers every mail with this code from now on; null to take them again. */
  answerWith(code: number | null): void;
  /** Takes mail to everybody but this address. */
  refuse(address: string): void;
  close(): Promise<void>;
}

const failed = (responseCode: number): Error => Object.assign(new Error('not now'), { responseCode });

export async function startMailServer(): Promise<MailServer> {
  const mails: SentMail[] = [];
  const refused = new Set<string>();
  let answer: number | null = null;
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onMailFrom: (_address, _session, done) => done(answer === null ? null : failed(answer)),
    onRcptTo: ({ address }, _session, done) => done(refused.has(address) ? failed(550) : null),
    onData(stream, { envelope }, done) {
      let raw = '';
      stream.setEncoding('utf8');
      stream.on('data', (part: string) => (raw += part));
      stream.on('end', () => {
        mails.push({ ...parse(raw), ...addresses(envelope) });
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const address = server.server.address() as { port: number };
  return {
    url: `smtp://127.0.0.1:${address.port}`,
    mails,
    answerWith: (code) => void (answer = code),
    refuse: (one) => void refused.add(one),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const addresses = ({ mailFrom, rcptTo }: { mailFrom: false | { address: string }; rcptTo: { address: string }[] }) => ({
  from: mailFrom === false ? '' : mailFrom.address,
  to: rcptTo.map((one) => one.address),
});

/** RFC 5322, as far as plain text of one part needs it: unfolded headers, quoted-printable or base64 or as it is. */
function parse(raw: string): { headers: Record<string, string>; text: string } {
  const at = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, at)
    .replace(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = raw.slice(at + 4).replace(/\r\n/g, '\n');
  return { headers, text: decoded(body, headers['content-transfer-encoding'] ?? '').trimEnd() };
}

function decoded(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  if (encoding !== 'quoted-printable') return body;
  const bytes = body
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
