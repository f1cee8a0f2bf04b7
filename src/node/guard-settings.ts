import { type GuardPolicy, noGuard } from '#pipeline';
import type { GuardSettings } from './config.ts';

/**
 * What comes from contacts that were never given more than `bounded` is read by a person before a program acts on it; the text of those that
 * the owner trusts goes on with a note. No secret leaves unseen, but to the owner's own agents.
 */
export const defaultGuard: GuardPolicy = {
  inbound: { owner: 'label', trusted: 'label', bounded: 'review', notify: 'label' },
  outbound: { owner: 'label', trusted: 'review', bounded: 'review', notify: 'block' },
};

/** Nothing is looked at in a node that has no such settings. */
export const guardPolicyOf = (settings: GuardSettings | undefined): GuardPolicy =>
  settings === undefined
    ? noGuard
    : {
        inbound: { ...defaultGuard.inbound, ...settings.inbound },
        outbound: { ...defaultGuard.outbound, ...settings.outbound },
      };
