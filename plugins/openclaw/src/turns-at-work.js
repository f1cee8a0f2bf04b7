// @ts-check

/**
 * Which message a session is working for: what its tools send counts as caused by it, and takes from its budget. The host loads a plugin
 * several times in one process, the tools apart from the service, so this is kept for the whole process.
 *
 * @returns {Map<string, Map<string, string>>} Who sent each, by id in the order in which their turns began, by session key.
 */
function atWork() {
  const key = Symbol.for('agent-mesh.turns-at-work');
  const known = /** @type {Map<string, Map<string, string>> | undefined} */ (Reflect.get(globalThis, key));
  if (known !== undefined) return known;
  /** @type {Map<string, Map<string, string>>} */
  const made = new Map();
  Reflect.set(globalThis, key, made);
  return made;
}

/**
 * @template T
 * @param {{ sessionKey: string, messageId: string, peer: string }} turn
 * @param {() => Promise<T>} work
 */
export async function atWorkFor({ sessionKey, messageId, peer }, work) {
  const turns = atWork();
  const ids = turns.get(sessionKey) ?? /** @type {Map<string, string>} */ (new Map());
  turns.set(sessionKey, ids.set(messageId, peer));
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
  const [first] = (sessionKey === undefined ? undefined : atWork().get(sessionKey))?.keys() ?? [];
  return first;
}

/**
 * The peer because of whose message a run of the gateway began, in whatever session.
 *
 * @param {string | undefined} runId
 */
export function peerOfRun(runId) {
  // A run has the id of its message, and behind it the number of the turn when it is not the first.
  const [id = ''] = runId?.split('#') ?? [];
  for (const ids of atWork().values()) {
    const peer = ids.get(id);
    if (peer !== undefined) return peer;
  }
  return undefined;
}
