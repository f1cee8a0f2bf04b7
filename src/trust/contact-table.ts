import type { ContactEventType } from './contact-event.ts';
import type { ContactState } from './contact.ts';

export type ContactStart = ContactState | 'none';

type Targets = readonly [ContactState, ...ContactState[]];
type Row = { readonly [E in ContactEventType]?: Targets };

const firstSteps = {
  discover: ['discovered'],
  requestOut: ['requested-out'],
  requestIn: ['requested-in'],
  redeem: ['trusted'],
} as const;

/**
 * From each state, which events are possible and where they may lead (PROTOCOL §3). `trusted` is entered by approval
 * (ours, or theirs of what we asked) or by a valid invite; `changed` and `blocked` give back only the trust that was
 * there.
 */
export const contactTable: { readonly [S in ContactStart]: Row } = {
  none: firstSteps,
  discovered: {
    ...firstSteps,
    block: ['blocked'],
    remove: ['removed'],
    markVerified: ['discovered'],
    updateCard: ['discovered'],
    reborn: ['discovered'],
    followRotation: ['discovered'],
  },
  'requested-out': {
    requestOut: ['requested-out'],
    // Both asked: each request is the other's approval.
    requestIn: ['trusted'],
    redeem: ['trusted'],
    accepted: ['trusted'],
    confirmed: ['requested-out'],
    refused: ['requested-out'],
    block: ['blocked'],
    setTier: ['requested-out', 'blocked'],
    remove: ['removed'],
    markVerified: ['requested-out'],
    updateCard: ['requested-out'],
    reborn: ['requested-out'],
    followRotation: ['requested-out'],
  },
  'requested-in': {
    // Who asks somebody that asks already gives the answer by it.
    requestOut: ['trusted'],
    requestIn: ['requested-in'],
    redeem: ['trusted'],
    approve: ['trusted'],
    reject: ['rejected'],
    block: ['blocked'],
    remove: ['removed'],
    markVerified: ['requested-in'],
    updateCard: ['requested-in'],
    reborn: ['requested-in'],
    followRotation: ['requested-in'],
  },
  trusted: {
    // It may have removed us: asking again keeps what there is here.
    requestOut: ['trusted'],
    requestIn: ['trusted'],
    redeem: ['trusted'],
    accepted: ['trusted'],
    confirmed: ['trusted'],
    refused: ['trusted'],
    distrusted: ['trusted'],
    proved: ['trusted'],
    keyChanged: ['changed'],
    block: ['blocked'],
    setTier: ['trusted', 'blocked'],
    remove: ['removed'],
    markVerified: ['trusted'],
    updateCard: ['trusted'],
    reborn: ['trusted'],
    followRotation: ['trusted'],
  },
  changed: {
    confirmed: ['changed'],
    refused: ['changed'],
    keyChanged: ['changed'],
    approveChange: ['trusted', 'requested-out'],
    block: ['blocked'],
    setTier: ['changed', 'blocked'],
    remove: ['removed'],
    reborn: ['changed'],
    // A statement that leads to the key that turned up explains the change.
    followRotation: ['changed', 'trusted'],
  },
  blocked: {
    block: ['blocked'],
    unblock: ['trusted', 'changed', 'discovered'],
    setTier: ['blocked', 'trusted', 'changed', 'discovered'],
    remove: ['removed'],
    reborn: ['blocked'],
    followRotation: ['blocked'],
  },
  removed: { ...firstSteps, block: ['blocked'] },
  rejected: { ...firstSteps, block: ['blocked'] },
};

/** What a person can do in each state; `{name}` stands for the contact. */
export const whatNext: { readonly [S in ContactStart]: string } = {
  none: 'Run: mesh request URL, or mesh join INVITE',
  discovered: 'Run: mesh request URL',
  'requested-out': 'See how the request stands: mesh contact {name}, or withdraw it: mesh remove {name}',
  'requested-in': 'Run: mesh approve {name}, or mesh reject {name}',
  trusted: 'It is trusted. To change that: mesh tier {name} TIER, mesh block {name} or mesh remove {name}',
  changed: 'Compare fingerprints with its owner, then run: mesh approve {name}',
  blocked: 'Run: mesh tier {name} bounded, or mesh remove {name}',
  removed: 'Run: mesh request URL, or mesh join INVITE',
  rejected: 'Run: mesh request URL, or mesh join INVITE',
};

/** What is told of a contact that an event does not fit. */
export const cannot: { readonly [E in ContactEventType]: string } = {
  discover: 'is known already',
  requestOut: 'cannot be asked for trust',
  requestIn: 'cannot ask for trust',
  redeem: 'cannot use an invite',
  accepted: 'cannot accept a request',
  confirmed: 'has nothing to confirm',
  refused: 'has nothing to refuse',
  distrusted: 'has no trust to deny',
  proved: 'has no trust to prove',
  approve: 'cannot be approved',
  reject: 'cannot be rejected',
  keyChanged: 'cannot show another key',
  approveChange: 'has no changed key to approve',
  block: 'cannot be blocked',
  unblock: 'cannot be unblocked',
  setTier: 'cannot be given a tier',
  remove: 'cannot be removed',
  markVerified: 'cannot be marked as verified',
  updateCard: 'cannot change its card',
  reborn: 'cannot be brought back',
  followRotation: 'cannot change its key',
};
