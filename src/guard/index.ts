export { type Finding, type GuardedText, isSerious } from './finding.ts';
export { inspectInbound, inspectOutbound, maxFindings } from './guard.ts';
