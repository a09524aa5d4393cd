/** Who hears that a security event froze an action: whose it is, and never the person whom the event is about. */
import { expect, it } from 'vitest';
import { parseDirectory } from '../../src/identity/index.ts';
import { frozenAudience } from '../../src/notify/tell-frozen.ts';

const { directory, problems } = parseDirectory(
  'directory.yaml',
  `people:
  - { id: "user:ada@acme.test", name: Ada }
  - { id: "user:bo@acme.test", name: Bo }
  - { id: "user:lead@acme.test", name: Lead }
  - { id: "user:gone@acme.test", name: Gone, active: false }
agents:
  - { id: "agent:owned", name: Owned, owner: "user:bo@acme.test" }
  - { id: "agent:orphan", name: Orphan, owner: "user:gone@acme.test" }
`,
);
const ada = { id: 'user:ada@acme.test', type: 'user' };

it.each<[string, Parameters<typeof frozenAudience>[0], string[]]>([
  ['who asked in person', { requester: ada.id, actor: ada }, [ada.id]],
  ['for whom it was asked', { requester: 'key:1', actor: { id: 'agent:x', type: 'agent', onBehalfOf: ada } }, [ada.id]],
  [
    'who answers for the agent',
    { requester: 'key:1', actor: { id: 'agent:owned', type: 'agent' } },
    ['user:bo@acme.test'],
  ],
  [
    'both',
    { requester: 'key:1', actor: { id: 'agent:owned', type: 'agent', onBehalfOf: ada } },
    [ada.id, 'user:bo@acme.test'],
  ],
  ['nobody who left', { requester: 'key:1', actor: { id: 'agent:orphan', type: 'agent' } }, []],
  [
    'not whom the event is about',
    { requester: 'user:lead@acme.test', actor: { id: 'user:lead@acme.test', type: 'user' } },
    [],
  ],
])('%s', (_, state, told) => {
  if (directory === null) throw new Error(problems.map(({ message }) => message).join('; '));
  expect(frozenAudience(state, 'user:lead@acme.test', directory)).toEqual(told);
});
