/**
 * SQL for support: a statement is typed, the engine runs it, and nobody in support has a password of the database. Reading goes at
 * once; what changes rows is tried out and counted first, and policy says by the counts who looks at it.
 */
import type { Countersign, Action } from '@countersign/client';

/**
 * @param key what makes two calls one, such as the ticket and the number of the statement in it
 * @param values for `$1`, `$2`, …: never put into the text
 */
export function ask(
  countersign: Countersign,
  key: string,
  sql: string,
  values: (string | number | null)[] = [],
): Promise<Action> {
  const request = {
    surface: 'db.orders',
    action: 'sql.run',
    actor: { id: 'agent:support-sql', type: 'agent' as const },
    params: { sql, values },
    execution: { connector: 'orders-db' },
  };
  return countersign.request(request, { idempotencyKey: key });
}
