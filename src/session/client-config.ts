import type { AuthenticationService, ClientConfig } from 'ts-mls';
import type { Limits } from '#kernel';
import { maxLifetimeSeconds } from './lifetime.ts';
import { defaultKeyPackageEqualityConfig } from './mls.ts';

/**
 * The library's settings (spec 5.6). Never its defaults: they trust every credential, skip frames that are missing, and
 * keep their chain secrets, from which frames that were read and deleted could be opened again.
 */
export function clientConfig(limits: Limits, authService: AuthenticationService): ClientConfig {
  return {
    keyRetentionConfig: {
      retainKeysForGenerations: 0,
      retainKeysForEpochs: limits.retainedEpochs,
      maximumForwardRatchetSteps: 0,
    },
    // The library compares lifetimes with the machine's clock; `lifetime.ts` does it with the clock that is given.
    lifetimeConfig: { maximumTotalLifetime: maxLifetimeSeconds(limits), validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
    // Plaintexts are padded to buckets already (spec 3).
    paddingConfig: { kind: 'padUntilLength', padUntilLength: 0 },
    authService,
  };
}
