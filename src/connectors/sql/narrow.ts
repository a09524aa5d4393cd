/**
 * Reads a statement with PostgreSQL's own parser, only to restrict: anything that is not known to be ordinary is refused before a database
 * sees it. The effect of a statement is never concluded from its text; rows are counted where they change.
 */
import { parse } from 'libpg-query';
import type { SqlSettings, StatementKind } from '../settings.ts';
import { isAllowedFunction } from './functions.ts';

/** Characters of a statement at most. */
const SQL_MAX = 16 * 1024;
/** Nodes of a parsed statement at most. */
const NODES_MAX = 20_000;

export interface Narrowed {
  kind: StatementKind;
  /** Kinds of change that stand anywhere in it, sorted. */
  writes: StatementKind[];
  /** The highest `$n`. */
  parameters: number;
}

const KINDS: Readonly<Record<string, StatementKind>> = {
  SelectStmt: 'select',
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'merge',
};

/** Every kind of node that an ordinary statement is made of. Additions of later PostgreSQL versions are not among them. */
const NODES: ReadonlySet<string> = new Set([
  ...Object.keys(KINDS),
  ...'ResTarget ColumnRef A_Star String Integer Float Boolean A_Const ParamRef FuncCall NamedArgExpr'.split(' '),
  ...'A_Expr BoolExpr NullTest BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr SubLink TypeCast'.split(' '),
  ...'A_ArrayExpr A_Indirection A_Indices RowExpr List RangeVar JoinExpr RangeSubselect RangeFunction'.split(' '),
  ...'CommonTableExpr SortBy WindowDef GroupingSet GroupingFunc SQLValueFunction CollateClause'.split(' '),
  ...'SetToDefault MultiAssignRef MergeWhenClause IndexElem'.split(' '),
]);

class Refused extends Error {}

/** The kind of statement, or why it is refused, in words for the record that quote nothing from it. */
export async function narrow(
  sql: string,
  settings: Pick<SqlSettings, 'functions' | 'statements'>,
): Promise<Narrowed | { fault: string }> {
  if (sql.length > SQL_MAX) return { fault: `the statement is longer than ${SQL_MAX} characters` };
  let tree: unknown;
  try {
    tree = await parse(sql);
  } catch {
    return { fault: 'the statement is no SQL that PostgreSQL can read' };
  }
  try {
    return read(tree, settings);
  } catch (error) {
    if (error instanceof Refused) return { fault: error.message };
    throw error;
  }
}

function read(tree: unknown, { functions, statements }: Pick<SqlSettings, 'functions' | 'statements'>): Narrowed {
  const list = isObject(tree) && Array.isArray(tree['stmts']) ? tree['stmts'] : [];
  if (list.length !== 1) throw new Refused('send exactly one statement');
  const [only] = list;
  const statement = isObject(only) && isObject(only['stmt']) ? only['stmt'] : {};
  const kind = KINDS[Object.keys(statement)[0] ?? ''];
  if (kind === undefined) throw new Refused('only SELECT, INSERT, UPDATE, DELETE and MERGE are executed');
  const writes = new Set<StatementKind>();
  let parameters = 0;
  for (const [type, node] of nodesOf(statement)) {
    if (!NODES.has(type)) throw new Refused(`the statement has a part that is not executed here: ${type}`);
    const kind = KINDS[type];
    if (kind !== undefined && kind !== 'select') writes.add(kind);
    checkNode(type, node, functions);
    for (const change of changesOf(type, node)) writes.add(change);
    if (type === 'ParamRef') parameters = Math.max(parameters, Number(node['number'] ?? 0));
  }
  const all = [...writes].sort();
  const barred = [kind, ...all].find((one) => !statements.includes(one));
  if (barred !== undefined) throw new Refused(`this connector executes no ${barred.toUpperCase()}`);
  return { kind, writes: all, parameters };
}

function checkNode(type: string, node: Tree, functions: readonly string[]): void {
  if ('intoClause' in node) throw new Refused('SELECT INTO makes a table');
  if ('lockingClause' in node) throw new Refused('FOR UPDATE and its like take locks');
  if (type === 'FuncCall' && !isAllowedFunction(namesOf(node['funcname']), functions)) {
    throw new Refused('the statement calls a function that this connector does not allow');
  }
  const operator = type === 'A_Expr' ? namesOf(node['name']) : [];
  if (operator.length > 1 && operator[0] !== 'pg_catalog') throw new Refused('operators are written without a schema');
  // A table is written with and without a wrapper.
  for (const table of type === 'RangeVar' ? [node] : [node['relation']]) {
    if (!isObject(table)) continue;
    const [schema, name] = [table['schemaname'] ?? '', table['relname'] ?? ''];
    if ('catalogname' in table || /^(pg_|information_schema$)/.test(String(schema)) || /^pg_/.test(String(name))) {
      throw new Refused('the statement reads what belongs to the database itself');
    }
  }
}

/** Changes that stand inside a statement of another kind. */
function changesOf(type: string, node: Tree): StatementKind[] {
  if (type === 'MergeWhenClause') {
    const change = String(node['commandType'] ?? '')
      .replace('CMD_', '')
      .toLowerCase();
    return change === 'insert' || change === 'update' || change === 'delete' ? [change] : [];
  }
  const conflict = type === 'InsertStmt' ? node['onConflictClause'] : undefined;
  return isObject(conflict) && conflict['action'] === 'ONCONFLICT_UPDATE' ? ['update'] : [];
}

type Tree = Record<string, unknown>;
const isObject = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every node with its type: `{ FuncCall: { … } }`. Iterative, so that depth cannot hurt. */
function* nodesOf(root: Tree): Generator<[string, Tree]> {
  const open: unknown[] = [root];
  let seen = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (Array.isArray(value)) open.push(...(value as unknown[]));
    if (!isObject(value)) continue;
    seen += 1;
    if (seen > NODES_MAX) throw new Refused('the statement is too large');
    for (const [name, below] of Object.entries(value)) {
      if (/^[A-Z]/.test(name) && isObject(below)) yield [name, below];
      open.push(below);
    }
  }
}

const namesOf = (list: unknown): string[] =>
  (Array.isArray(list) ? (list as unknown[]) : []).map((item) => {
    const text = isObject(item) && isObject(item['String']) ? item['String']['sval'] : undefined;
    return typeof text === 'string' ? text : '';
  });
