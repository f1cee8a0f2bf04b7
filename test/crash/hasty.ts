import { defaultLimits, type Limits } from '#kernel';

/** Everything that waits waits briefly, keys change often, and no handler is given up because its process was killed. */
export const hastyLimits: Limits = {
  ...defaultLimits,
  quickRetryMs: [50, 100, 200],
  slowRetryMs: 400,
  breakerCooldownMs: 200,
  breakerMaxCooldownMs: 400,
  frameAcknowledgeMs: 1500,
  handshakeMs: 1500,
  dialMs: 1500,
  linkRequestMs: 1500,
  linkPingMs: 400,
  linkIdleMs: 1200,
  rekeyFrames: 25,
  maxHandlerAttempts: 1000,
};
