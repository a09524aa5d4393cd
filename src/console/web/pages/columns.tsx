/** The columns of the table of actions. Which of them are shown is the reader's choice. */
import { columnVisibilityFeature, tableFeatures, type ColumnDef } from '@tanstack/react-table';
import { Link } from 'wouter';
import type { ActionSummary } from '../../../contract/views/index.ts';
import { AmountText, Badge, BasisBadge, PersonName, StatusBadge, Time } from '../ui/pieces.tsx';
import { lasting } from '../view/times.ts';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';

export const FEATURES = tableFeatures({ columnVisibilityFeature });

export interface Column {
  id: string;
  name: string;
  visible: boolean;
  /** Set to the right, as numbers are. */
  number?: true;
  /** What the API sorts by. */
  sort?: 'askedAt' | 'amount' | 'waitMs';
  cell(action: ActionSummary): preact.ComponentChildren;
}

const money = (stage: keyof ActionSummary['amounts']) => (action: ActionSummary) => {
  const amount = action.amounts[stage];
  if (amount !== null) return <AmountText amount={amount} currency={action.currency} />;
  return action.undisclosed && stage === 'asked' ? <Badge>{WORDS.decisions.notDisclosed}</Badge> : null;
};

export const COLUMNS: readonly Column[] = [
  {
    id: 'what',
    name: 'Action',
    visible: true,
    cell: (action) => (
      <span class="what">
        <Link href={`/actions/${action.id}`}>{action.action}</Link>
        <span class="faint">{[action.surface, action.resource].filter((part) => part !== null).join(' · ')}</span>
      </span>
    ),
  },
  { id: 'asked', name: 'Asked', visible: true, sort: 'askedAt', cell: ({ askedAt }) => <Time at={askedAt} /> },
  { id: 'status', name: 'Status', visible: true, cell: ({ status }) => <StatusBadge status={status} /> },
  {
    id: 'release',
    name: 'Release basis',
    visible: true,
    cell: ({ releaseBasis }) => releaseBasis && <BasisBadge basis={releaseBasis} />,
  },
  { id: 'amount', name: 'Amount asked', visible: true, number: true, sort: 'amount', cell: money('asked') },
  { id: 'approved', name: 'Approved', visible: true, number: true, cell: money('approved') },
  { id: 'released', name: 'Released', visible: true, number: true, cell: money('released') },
  { id: 'executed', name: 'Executed', visible: true, number: true, cell: money('executed') },
  { id: 'requester', name: 'For', visible: false, cell: ({ requester }) => <PersonName id={requester} /> },
  {
    id: 'approver',
    name: 'Decided by',
    visible: true,
    cell: ({ approver }) => approver && <PersonName id={approver} />,
  },
  { id: 'via', name: 'Door', visible: false, cell: ({ via }) => (via === null ? null : plainWord(via)) },
  {
    id: 'waited',
    name: 'Waited',
    visible: false,
    number: true,
    sort: 'waitMs',
    cell: ({ waitMs }) => (waitMs === null ? null : lasting(waitMs)),
  },
  { id: 'reason', name: 'Reason', visible: false, cell: ({ reason }) => reason },
  { id: 'actor', name: 'Asked by', visible: false, cell: ({ actor }) => <PersonName id={actor} /> },
  {
    id: 'delegated',
    name: 'In the name of',
    visible: false,
    cell: ({ delegatedFrom }) => delegatedFrom && <PersonName id={delegatedFrom} />,
  },
  {
    id: 'changed',
    name: 'Changed',
    visible: false,
    cell: ({ changed }) => (changed ? <Badge tone="warn">changed</Badge> : null),
  },
  { id: 'policy', name: 'Policy', visible: false, cell: ({ policy }) => policy },
  { id: 'rule', name: 'Rule', visible: false, cell: ({ rule }) => rule },
  { id: 'verdict', name: 'Verdict', visible: false, cell: ({ decision, basis }) => `${decision}, ${plainWord(basis)}` },
  { id: 'mode', name: 'Mode', visible: false, cell: ({ mode }) => mode },
  { id: 'folder', name: 'Folder', visible: false, cell: ({ folder }) => folder },
  { id: 'reference', name: 'Reference', visible: false, cell: ({ reference }) => reference },
  {
    id: 'redeemed',
    name: 'Redeemed',
    visible: false,
    cell: ({ redeemedAt }) => redeemedAt && <Time at={redeemedAt} />,
  },
  { id: 'ended', name: 'Ended', visible: false, cell: ({ endedAt }) => endedAt && <Time at={endedAt} /> },
  { id: 'index', name: 'Log entry', visible: false, number: true, cell: ({ firstIndex }) => firstIndex },
];

export const DEFINITIONS: ColumnDef<typeof FEATURES, ActionSummary>[] = COLUMNS.map(({ id, name, cell }) => ({
  id,
  header: name,
  cell: ({ row }) => cell(row.original),
}));
