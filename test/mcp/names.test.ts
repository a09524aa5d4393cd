/** Which tools are closed to agents by their names, in whatever form the word comes. */
import { expect, it } from 'vitest';
import { approvesThings } from '../../src/mcp/tools.ts';

it.each([
  ...[
    'approve',
    'approveRefund',
    'approve_refund',
    'ApproveRefund',
    'APPROVE_ALL',
    'refund.approve',
    'refund-approval',
  ],
  ...['XMLApprove', 'autoapprove', 'preApproved', 'disapprove', 'approving', 'listApprovers', 'ａｐｐｒｏｖｅ'],
  ...[
    'decide',
    'decideAll',
    'submit_decision',
    'decisions.add',
    'countersign',
    'countersignDocument',
    'sign_off',
    'signOff',
  ],
  ...[
    'signoff',
    'greenlight_release',
    'endorse',
    'ratify',
    'ratified',
    'authorize',
    'authorisePayment',
    'give-consent',
  ],
  ...[
    'grant',
    'grantAccess',
    'access_grants',
    'permit',
    'permits/redeem',
    'unfreeze',
    'thaw',
    'breakGlass',
    'break_glass',
  ],
])('%s is closed', (name) => {
  expect(approvesThings(name)).toBe(true);
});

it.each([
  ...[
    'refund',
    'createRefund',
    'read_file',
    'sum',
    'get-env',
    'list_orders',
    'search',
    'provide',
    'improve',
    'permutation',
  ],
  ...['migrant_list', 'fragrant', 'authors', 'getAuthor', 'indecisive', 'sign_in', 'signOffer', 'thawb', 'consentual'],
])('%s is not', (name) => {
  expect(approvesThings(name)).toBe(false);
});
