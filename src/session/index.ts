export { createSessionEngine } from './create-session-engine.ts';
export type {
  CreateSession,
  JoinSession,
  KeyPackageCheck,
  LoadSession,
  OpenedStep,
  OwnKeyPackage,
  SealedStep,
  SecureSession,
  SessionEngine,
  SessionSelf,
  SessionStep,
} from './secure-session.ts';
export type {
  OwnKeyPackageRecord,
  PeerKeyPackageRecord,
  SessionReader,
  SessionRecord,
  SessionWriter,
} from './store.ts';
export type { SessionEngineOptions } from './session-engine-options.ts';
