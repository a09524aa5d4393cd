/** What whoever may write to the database does with it, without any key of ours. */
import pg from 'pg';

export async function tamper<Row extends pg.QueryResultRow = pg.QueryResultRow>(
  connectionString: string,
  statement: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<Row>(statement, values)).rows;
  } finally {
    await client.end();
  }
}
