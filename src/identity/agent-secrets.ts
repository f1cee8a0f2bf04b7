import type { Limits, Random } from '#kernel';
import { type DeviceCertificate, issueDeviceCertificate } from './device-certificate.ts';
import { generateKeyPair, type KeyPair, keyBytes } from './key-pair.ts';
import { type RotationStatement, signRotation } from './rotation.ts';

/** All that an agent must keep secret, with what proves it. Everything in it but `certificate` and `rotations` is secret. */
export interface AgentSecrets {
  readonly root: KeyPair;
  readonly device: KeyPair;
  readonly certificate: DeviceCertificate;
  /** 32 bytes: the key of the vault that seals what the store holds. */
  readonly storageKey: Uint8Array;
  /** Oldest first; the last one leads to `root`. */
  readonly rotations: readonly RotationStatement[];
}

export interface CreateSecrets {
  readonly random: Random;
  readonly now: number;
  readonly limits: Pick<Limits, 'deviceCertificateLifetimeMs' | 'maxSkewPastMs'>;
}

export interface ChangeSecrets extends CreateSecrets {
  readonly secrets: AgentSecrets;
}

/** A new agent: root key, certified device key and storage key. */
export function createSecrets(input: CreateSecrets): AgentSecrets {
  const root = generateKeyPair(input.random);
  return { root, ...newDevice(root, input), storageKey: input.random.bytes(keyBytes), rotations: [] };
}

/** The same agent with a new device key and certificate. */
export function renewDevice(input: ChangeSecrets): AgentSecrets {
  return { ...input.secrets, ...newDevice(input.secrets.root, input) };
}

/** A new root and device key, and one more statement that leads contacts from the old id to the new one. */
export function rotateRoot(input: ChangeSecrets): AgentSecrets {
  const { secrets, random, now } = input;
  const root = generateKeyPair(random);
  const rotations = [...secrets.rotations, signRotation({ from: secrets.root, to: root, at: now })];
  return { root, ...newDevice(root, input), storageKey: secrets.storageKey, rotations };
}

function newDevice(root: KeyPair, input: CreateSecrets): Pick<AgentSecrets, 'device' | 'certificate'> {
  const device = generateKeyPair(input.random);
  // Begins earlier by the skew that signed times may have, so that a peer whose clock is behind takes it at once.
  const notBefore = Math.max(0, input.now - input.limits.maxSkewPastMs);
  const notAfter = input.now + input.limits.deviceCertificateLifetimeMs;
  return {
    device,
    certificate: issueDeviceCertificate({ root, devicePublicKey: device.publicKey, notBefore, notAfter }),
  };
}
