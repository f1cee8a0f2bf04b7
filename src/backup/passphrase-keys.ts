import { createHmac, hkdfSync } from 'node:crypto';
import { MeshError, toHex, toUtf8 } from '#kernel';
import { stretchPassphrase } from '#identity';

/** The keys of one backup (spec 9.2). */
export interface BackupKeys {
  /** HMAC-SHA256 of the header: tells a wrong passphrase from a damaged file. */
  check(header: Uint8Array): Uint8Array;
  readonly payload: Uint8Array;
}

/** A passphrase, stretched once for each salt: that is slow on purpose, and a backup is read more than once. */
export class PassphraseKeys {
  readonly #passphrase: string;
  readonly #known = new Map<string, Promise<BackupKeys>>();

  /** Throws INVALID_ARGUMENT for an empty passphrase. */
  constructor(passphrase: string) {
    if (passphrase === '') throw new MeshError('INVALID_ARGUMENT', 'The passphrase of a backup must not be empty');
    this.#passphrase = passphrase;
  }

  forSalt(salt: Uint8Array): Promise<BackupKeys> {
    const known = this.#known.get(toHex(salt)) ?? derive(this.#passphrase, salt);
    this.#known.set(toHex(salt), known);
    return known;
  }
}

async function derive(passphrase: string, salt: Uint8Array): Promise<BackupKeys> {
  const master = await stretchPassphrase(passphrase, salt);
  const keyFor = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', master, new Uint8Array(), toUtf8(`agent-mesh/backup/1\0${purpose}`), 32));
  const headerKey = keyFor('header');
  return {
    payload: keyFor('payload'),
    check: (header) => new Uint8Array(createHmac('sha256', headerKey).update(header).digest()),
  };
}
