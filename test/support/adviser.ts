/** A reviewer of the owner's: answers what it is asked by the amount that it is shown. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { freePort } from '../../src/store/free-port.ts';

interface Question {
  type: string;
  data: { values: Record<string, unknown> };
}

export function createAdviser(says: (amount: unknown) => { advice: string; reason?: string }) {
  const seen: Question[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const question = JSON.parse(Buffer.concat(parts).toString('utf8')) as Question;
      seen.push(question);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(says(question.data.values['params.amount'])));
    });
  });
  return {
    seen,
    /** Its address. */
    async listen(): Promise<string> {
      const port = await freePort();
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${port}/advice`;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
