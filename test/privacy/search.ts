/** Looks for secrets in bytes, however they may have been written there. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/** One secret and the bytes that it may look like. */
export interface Wanted {
  name: string;
  patterns: { as: string; bytes: Buffer }[];
}

/** Base64 of a text at each of the three places it can begin at, without the characters that its neighbours have a share in. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const shared = [0, 2, 3][before] ?? 0;
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(shared, whole);
  });
}

/** A secret in plain, JSON-escaped, URL-encoded, hexadecimal, base64 and base64url, and base64 of those base64s. */
export function wanted(name: string, secret: string): Wanted {
  const bytes = Buffer.from(secret, 'utf8');
  const once = base64Forms(bytes);
  const forms: [string, string][] = [
    ['plain', secret],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
    ['URL', encodeURIComponent(secret)],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ['UTF-16', Buffer.from(secret, 'utf16le').toString('latin1')],
    ...once.map((text): [string, string] => ['base64', text]),
    ...once.flatMap((text) => base64Forms(Buffer.from(text)).map((twice): [string, string] => ['base64²', twice])),
  ];
  const all = forms.flatMap(([as, text]) => [
    [as, text] as const,
    [`${as} (url)`, text.replaceAll('+', '-').replaceAll('/', '_')] as const,
  ]);
  const distinct = new Map(all.map(([as, text]) => [text, as]));
  return {
    name,
    patterns: [...distinct].map(([text, as]) => ({
      as,
      bytes: as === 'UTF-16' ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf8'),
    })),
  };
}

/** One line for each secret that is in there: where, in what form, and what stands around it. */
export function search(where: string, content: Buffer, secrets: readonly Wanted[]): string[] {
  return secrets.flatMap(({ name, patterns }) =>
    patterns.flatMap(({ as, bytes }) => {
      const at = content.indexOf(bytes);
      if (at < 0) return [];
      const around = content.subarray(Math.max(0, at - 60), at + bytes.length + 40).toString('latin1');
      return [`${name} (${as}) in ${where}: …${around.replaceAll(/[^\x20-\x7e]/g, '·')}…`];
    }),
  );
}

/** Every file below a folder; `skip` names, relative to it, what holds keys and is meant to. */
export function searchFolder(folder: string, secrets: readonly Wanted[], skip: readonly string[]): Found {
  const found: Found = { files: 0, bytes: 0, hits: [] };
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const name = join(below, entry.name);
      if (skip.includes(name)) continue;
      if (entry.isDirectory()) walk(name);
      else if (entry.isFile()) {
        const content = readFileSync(join(folder, name));
        found.files += 1;
        found.bytes += statSync(join(folder, name)).size;
        found.hits.push(...search(name, content, secrets));
      }
    }
  };
  walk('');
  return found;
}

export interface Found {
  files: number;
  bytes: number;
  hits: string[];
}

/** Every value of every table, since the files may hold them compressed. */
export async function searchTables(connectionString: string, secrets: readonly Wanted[]): Promise<Found> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const found: Found = { files: 0, bytes: 0, hits: [] };
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of tables) {
      const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`);
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          const content = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value) ?? '', 'utf8');
          found.bytes += content.length;
          found.hits.push(...search(`${name}.${column}`, content, secrets));
        }
      }
      found.files += 1;
    }
  } finally {
    await client.end();
  }
  return found;
}
