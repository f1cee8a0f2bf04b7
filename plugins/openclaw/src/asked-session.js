// @ts-check
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

// A question carries where it was asked, so that an answer that comes late finds its way back, also after a restart. It travels to the peer,
// who is told nothing by it: only this node has the key.

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/**
 * @param {string} sessionKey Of the session that asks.
 * @param {string} secret Of the local API.
 */
export function sealSession(sessionKey, secret) {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, keyOf(secret), iv, { authTagLength: tagBytes });
  const sealed = Buffer.concat([cipher.update(sessionKey, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64url');
}

/**
 * Undefined for what this plugin has not sealed with this secret.
 *
 * @param {unknown} context
 * @param {string} secret
 */
export function openSession(context, secret) {
  if (typeof context !== 'string') return undefined;
  const bytes = Buffer.from(context, 'base64url');
  if (bytes.length < ivBytes + tagBytes) return undefined;
  try {
    const open = createDecipheriv(algorithm, keyOf(secret), bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    open.setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([open.update(bytes.subarray(ivBytes, -tagBytes)), open.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** @param {string} secret */
const keyOf = (secret) => createHash('sha256').update(`openclaw session ${secret}`).digest();
