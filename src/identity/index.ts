export { type AgentId, agentIdOf, isAgentId, parseAgentId, publicKeyOf } from './agent-id.ts';
export {
  type AgentSecrets,
  type ChangeSecrets,
  type CreateSecrets,
  createSecrets,
  renewDevice,
  rotateRoot,
} from './agent-secrets.ts';
export {
  type CardFields,
  cardBytes,
  parseCard,
  signCard,
  type VerifiedCard,
  verifyCard,
  type VerifyCardOptions,
} from './card.ts';
export { type Capability, type Card, type CardDevice, isEndpoint } from './card-form.ts';
export {
  type DeviceCertificate,
  type DeviceCertificateFields,
  decodeDeviceCertificate,
  encodeDeviceCertificate,
  issueDeviceCertificate,
  type VerifiedDeviceCertificate,
  verifyDeviceCertificate,
} from './device-certificate.ts';
export { type Fingerprint, fingerprintOf } from './fingerprint.ts';
export {
  decodeIncarnation,
  encodeIncarnation,
  type Incarnation,
  isLater,
  type Life,
  type LifeOrder,
  signIncarnation,
  type VerifiedIncarnation,
  verifyIncarnation,
} from './incarnation.ts';
export { generateKeyPair, type KeyPair, keyPairFromSeed } from './key-pair.ts';
export {
  type DecodeKeystoreOptions,
  decodeKeystore,
  decodeOpenKeystore,
  type EncodeKeystoreOptions,
  encodeKeystore,
} from './keystore.ts';
export { isName, parseName } from './name.ts';
export { stretchPassphrase } from './passphrase.ts';
export {
  decodeRotation,
  encodeRotation,
  followRotations,
  type RotationFields,
  type RotationStatement,
  signRotation,
  type VerifiedRotation,
  verifyRotation,
  verifyRotationChain,
} from './rotation.ts';
export { safetyNumber } from './safety-number.ts';
export { type SigningContext, type SignInput, sign, type VerifyInput, verify } from './signing.ts';
export { createVault, type Vault } from './vault.ts';
