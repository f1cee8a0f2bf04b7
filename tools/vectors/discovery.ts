import { now, type VectorFile } from './seeds.ts';
import { aliceCard, bobId, refusedWith } from './wire-values.ts';

const document = { protocol: 'agent-mesh', versions: [1], agents: [aliceCard], software: 'agent-mesh/0.1.0' };
const changed = (name: string, change: object) => ({ name, now, document: { ...document, ...change } });
const hub = { agentId: bobId, name: 'team', admission: 'invite' };
const { versions: _versions, ...withoutVersions } = document;

export const discoveryVectors: VectorFile = {
  spec: 'spec/06-links.md 6.8',
  description: 'Discovery documents as JSON. Every card in them is judged at the time `now`.',
  valid: [
    changed('one agent', {}),
    changed('no agent', { agents: [] }),
    changed('a newer node that still speaks version 1', { versions: [1, 2, 3] }),
    changed('a hub', { versions: [3], agents: [], hub }),
    { ...changed('a key that is not known', { motto: 'hello' }), ignored: ['motto'] },
  ],
  invalid: [
    ...refusedWith('MALFORMED', [
      { name: 'a list', now, document: [document] },
      changed('another protocol', { protocol: 'mesh/3.0' }),
      { name: 'no versions', now, document: withoutVersions },
      changed('a version that is text', { versions: ['1'] }),
      changed('agents that are no list', { agents: aliceCard }),
      changed('101 agents', { agents: Array.from({ length: 101 }, () => null) }),
      changed('a hub without id', { hub: { ...hub, agentId: 'team' } }),
      changed('a hub whose name is no name', { hub: { ...hub, name: 'Our Team' } }),
      changed('a hub that nobody knows how to join', { hub: { ...hub, admission: 'maybe' } }),
      changed('software with an escape sequence', { software: '\u001b[2J' }),
    ]),
    ...refusedWith('CARD_INVALID', [changed('an agent that is no card', { agents: ['alice'] })]),
    ...refusedWith('CARD_ID_MISMATCH', [
      changed('a card whose id is not that of its key', { agents: [{ ...aliceCard, agentId: bobId }] }),
    ]),
    ...refusedWith('SIGNATURE_INVALID', [
      changed('a card that was changed', { agents: [{ ...aliceCard, name: 'alicf' }] }),
    ]),
    ...refusedWith('CARD_EXPIRED', [{ name: 'a card that has expired', now: aliceCard.expiresAt, document }]),
  ],
};
