import type { Finding, GuardedText } from './finding.ts';
import { scanInjection } from './injection-scan.ts';
import { scanSecrets } from './secret-scan.ts';

/** What is told of a message at most. */
export const maxFindings = 16;

/** Instructions to whoever reads a message that came in. Depends on nothing but the text. */
export const inspectInbound = (texts: readonly GuardedText[]): readonly Finding[] =>
  texts.length === 0 ? [] : texts.flatMap((text) => scanInjection(text)).slice(0, maxFindings);

/** Secrets in a message that is about to leave. */
export const inspectOutbound = (texts: readonly GuardedText[], own?: readonly string[]): readonly Finding[] =>
  texts.length === 0 ? [] : texts.flatMap((text) => scanSecrets(text, own)).slice(0, maxFindings);
