// @ts-check

/**
 * Which message a session is working for: what its tools send counts as caused by it, and takes from its budget. The host loads a plugin
 * several times in one process, the tools apart from the service, so this is kept for the whole process.
 *
 * @returns {Map<string, Set<string>>} Ids of messages by session key, in the order in which their turns began.
 */
function atWork() {
  const key = Symbol.for('agent-mesh.turns-at-work');
  const known = /** @type {Map<string, Set<string>> | undefined} */ (Reflect.get(globalThis, key));
  if (known !== undefined) return known;
  /** @type {Map<string, Set<string>>} */
  const made = new Map();
  Reflect.set(globalThis, key, made);
  return made;
}

/**
 * @template T
 * @param {{ sessionKey: string, messageId: string }} turn
 * @param {() => Promise<T>} work
 */
export async function atWorkFor({ sessionKey, messageId }, work) {
  const turns = atWork();
  const ids = turns.get(sessionKey) ?? new Set();
  turns.set(sessionKey, ids.add(messageId));
  try {
    return await work();
  } finally {
    ids.delete(messageId);
    if (ids.size === 0) turns.delete(sessionKey);
  }
}

/**
 * The message because of which the session sends now. Turns of one session follow one another, and all are of one peer and conversation.
 *
 * @param {string | undefined} sessionKey
 * @returns {string | undefined}
 */
export function causeIn(sessionKey) {
  const [first] = (sessionKey === undefined ? undefined : atWork().get(sessionKey)) ?? [];
  return first;
}
