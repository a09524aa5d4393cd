/** The columns of the table of actions. Which of them are shown is the reader's choice. */
import { columnVisibilityFeature, tableFeatures, type ColumnDef } from '@tanstack/react-table';
import { Link } from 'wouter';
import type { ActionSummary } from '../../../contract/views/index.ts';
import { Amount, Badge, Basis, Person, Status, Time } from '../ui/pieces.tsx';
import { lasting } from '../view/times.ts';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';

export const FEATURES = tableFeatures({ columnVisibilityFeature });

export interface Column {
  id: string;
  name: string;
  shown: boolean;
  /** Set to the right, as numbers are. */
  number?: true;
  /** What the API sorts by. */
  sort?: 'askedAt' | 'amount' | 'waitMs';
  cell(action: ActionSummary): preact.ComponentChildren;
}

const money = (stage: keyof ActionSummary['amounts']) => (action: ActionSummary) => {
  const amount = action.amounts[stage];
  if (amount !== null) return <Amount amount={amount} currency={action.currency} />;
  return action.undisclosed && stage === 'asked' ? <Badge>{WORDS.decisions.notDisclosed}</Badge> : null;
};

export const COLUMNS: readonly Column[] = [
  {
    id: 'what',
    name: 'Action',
    shown: true,
    cell: (action) => (
      <span class="what">
        <Link href={`/actions/${action.id}`}>{action.action}</Link>
        <span class="faint">{[action.surface, action.resource].filter((part) => part !== null).join(' · ')}</span>
      </span>
    ),
  },
  { id: 'asked', name: 'Asked', shown: true, sort: 'askedAt', cell: ({ askedAt }) => <Time at={askedAt} /> },
  { id: 'status', name: 'Status', shown: true, cell: ({ status }) => <Status status={status} /> },
  {
    id: 'release',
    name: 'Release basis',
    shown: true,
    cell: ({ releaseBasis }) => releaseBasis && <Basis basis={releaseBasis} />,
  },
  { id: 'amount', name: 'Amount asked', shown: true, number: true, sort: 'amount', cell: money('asked') },
  { id: 'approved', name: 'Approved', shown: true, number: true, cell: money('approved') },
  { id: 'released', name: 'Released', shown: true, number: true, cell: money('released') },
  { id: 'executed', name: 'Executed', shown: true, number: true, cell: money('executed') },
  { id: 'requester', name: 'For', shown: false, cell: ({ requester }) => <Person id={requester} /> },
  { id: 'approver', name: 'Decided by', shown: true, cell: ({ approver }) => approver && <Person id={approver} /> },
  { id: 'via', name: 'Door', shown: false, cell: ({ via }) => (via === null ? null : plainWord(via)) },
  {
    id: 'waited',
    name: 'Waited',
    shown: false,
    number: true,
    sort: 'waitMs',
    cell: ({ waitMs }) => (waitMs === null ? null : lasting(waitMs)),
  },
  { id: 'reason', name: 'Reason', shown: false, cell: ({ reason }) => reason },
  { id: 'actor', name: 'Asked by', shown: false, cell: ({ actor }) => <Person id={actor} /> },
  {
    id: 'delegated',
    name: 'In the name of',
    shown: false,
    cell: ({ delegatedFrom }) => delegatedFrom && <Person id={delegatedFrom} />,
  },
  {
    id: 'changed',
    name: 'Changed',
    shown: false,
    cell: ({ changed }) => (changed ? <Badge tone="warn">changed</Badge> : null),
  },
  { id: 'policy', name: 'Policy', shown: false, cell: ({ policy }) => policy },
  { id: 'rule', name: 'Rule', shown: false, cell: ({ rule }) => rule },
  { id: 'verdict', name: 'Verdict', shown: false, cell: ({ decision, basis }) => `${decision}, ${plainWord(basis)}` },
  { id: 'mode', name: 'Mode', shown: false, cell: ({ mode }) => mode },
  { id: 'folder', name: 'Folder', shown: false, cell: ({ folder }) => folder },
  { id: 'reference', name: 'Reference', shown: false, cell: ({ reference }) => reference },
  { id: 'redeemed', name: 'Redeemed', shown: false, cell: ({ redeemedAt }) => redeemedAt && <Time at={redeemedAt} /> },
  { id: 'ended', name: 'Ended', shown: false, cell: ({ endedAt }) => endedAt && <Time at={endedAt} /> },
  { id: 'index', name: 'Log entry', shown: false, number: true, cell: ({ firstIndex }) => firstIndex },
];

export const DEFINITIONS: ColumnDef<typeof FEATURES, ActionSummary>[] = COLUMNS.map(({ id, name, cell }) => ({
  id,
  header: name,
  cell: ({ row }) => cell(row.original),
}));
