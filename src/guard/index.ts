export { type Finding, type GuardedText, isSerious, seenIn } from './finding.ts';
export { inspectInbound, inspectOutbound, maxFindings } from './guard.ts';
