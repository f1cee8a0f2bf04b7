// @ts-check
import { NodeError } from './node-error.js';
import { plain } from './plain-text.js';

/** @import { NodeApi } from './node-api.js' */
/** @import { ContactView, RequestView } from '../types/api.ts' */

/**
 * What the owner asks for, in a shell or a chat: `words` are what stands behind the name.
 *
 * @typedef {object} OwnerCall
 * @property {NodeApi} node
 * @property {string | undefined} agent Of the node.
 * @property {readonly string[]} words
 * @property {'blocked' | 'notify' | 'bounded' | 'trusted' | 'owner' | undefined} [tier]
 * @property {string | undefined} [petname]
 */

/**
 * @typedef {object} OwnerCommand
 * @property {string} name
 * @property {string} [argument]
 * @property {string} description
 * @property {boolean} [decides] It changes who is trusted: in a chat for the owner alone.
 * @property {readonly ('tier' | 'name')[]} [flags]
 * @property {(call: OwnerCall) => Promise<readonly string[]>} run Lines to show.
 */

const acceptanceMs = 10_000;

/** @type {readonly OwnerCommand[]} */
export const ownerCommands = [
  { name: 'status', description: 'The node, who answers peers, and what needs attention', run: status },
  { name: 'peers', description: 'Contacts, and whether they can be reached', run: peers },
  { name: 'requests', description: 'Who asks to become a contact', run: requests },
  {
    name: 'approve',
    argument: 'id',
    description: 'Trusts the agent that asked',
    decides: true,
    flags: ['tier', 'name'],
    run: approve,
  },
  { name: 'reject', argument: 'id', description: 'Refuses a request', decides: true, run: reject },
  {
    name: 'invite',
    description: 'Makes an invite that one agent may use once',
    decides: true,
    flags: ['tier'],
    run: invite,
  },
  {
    name: 'join',
    argument: 'invite',
    description: 'Uses the invite of another owner',
    decides: true,
    flags: ['tier', 'name'],
    run: join,
  },
];

/** @param {unknown} error */
export function errorLines(error) {
  if (!(error instanceof NodeError)) throw error;
  return [`${error.message} (${error.code})`, ...(error.hint === '' ? [] : [`→ ${error.hint}`])];
}

/** @param {OwnerCall} call */
async function status({ node, agent }) {
  const {
    version,
    agents,
    peers: all,
    queue,
    requests: waiting,
    warnings,
    stateDir,
  } = await node.call('status', {
    agent,
  });
  const up = all.filter(({ link }) => link === 'up').length;
  return [
    `Mesh node ${version} on ${stateDir}`,
    ...agents.map(({ name, runtime, agentId }) => `Agent ${name} (${agentId}): ${runtimeWords(runtime)}`),
    `${count(all.length, 'peer')}, ${up} reachable now`,
    `${count(queue.waiting + queue.inFlight, 'message')} on the way out, ${queue.unread} unread`,
    ...(waiting === 0 ? [] : [`${count(waiting, 'contact request')} for you to decide: openclaw mesh requests`]),
    ...warnings.flatMap(({ message, hint }) => [`! ${plain(message)}`, `  → ${plain(hint)}`]),
  ];
}

/** @param {string} runtime */
const runtimeWords = (runtime) =>
  runtime === 'attached' ? 'an agent of a gateway answers its peers' : `its messages go to the runtime ${runtime}`;

/** @param {OwnerCall} call */
async function peers({ node, agent }) {
  const { contacts } = await node.call('contacts', { agent });
  const known = contacts.filter(({ state }) => state === 'trusted' || state === 'changed');
  if (known.length === 0) return ['No peers yet.', '→ openclaw mesh invite, or openclaw mesh join INVITE'];
  return known.map(peerLine);
}

/** @param {ContactView} contact */
function peerLine({ petname, tier, state, link, waiting, inFlight, fingerprint }) {
  const reach = link === 'up' ? 'reachable' : 'not reachable now';
  const undelivered = waiting + inFlight;
  const queued = undelivered === 0 ? '' : `, ${undelivered} messages wait for it`;
  const changed = state === 'changed' ? '  ! shows another key: mesh contact says what to do' : '';
  return `${plain(petname)}  ${tier}  ${reach}${queued}  ${fingerprint}${changed}`;
}

/** @param {OwnerCall} call */
async function requests({ node, agent }) {
  const { requests: all } = await node.call('requests', { agent });
  if (all.length === 0) return ['No contact requests.'];
  return all.flatMap((request) => (request.direction === 'in' ? incomingLines(request) : outgoingLines(request)));
}

/** @param {RequestView} request */
function incomingLines({ id, petname, agentId, fingerprint, purpose, sameNameAs }) {
  return [
    `${plain(petname)} asks for trust (${agentId})`,
    `  fingerprint  ${fingerprint}`,
    ...(purpose === undefined ? [] : [`  it says      ${plain(purpose)}`]),
    ...(sameNameAs === undefined ? [] : [`  ! the contact ${plain(sameNameAs)} has this name and another key`]),
    `  → compare the fingerprint with its owner, then: openclaw mesh approve ${id}`,
  ];
}

/** @param {RequestView} request */
const outgoingLines = ({ petname, delivered }) => [
  `You asked ${plain(petname)}: ${delivered === true ? 'it waits for the answer of its owner' : 'it has not arrived yet'}`,
];

/** @param {OwnerCall} call */
async function approve({ node, agent, words, tier, petname }) {
  const contact = await node.call('approve', { agent, id: wordOf(words, 'ID'), tier, petname, waitMs: acceptanceMs });
  return [`${plain(contact.petname)} is a peer now, with the tier ${contact.tier}`];
}

/** @param {OwnerCall} call */
async function reject({ node, agent, words }) {
  const { rejected } = await node.call('reject', { agent, id: wordOf(words, 'ID') });
  return [`Refused: ${plain(rejected)}`];
}

/** @param {OwnerCall} call */
async function invite({ node, agent, tier }) {
  const made = await node.call('invite', { agent, tier });
  return [made.invite, `→ Give it to the other owner, who runs: openclaw mesh join INVITE`];
}

/** @param {OwnerCall} call */
async function join({ node, agent, words, tier, petname }) {
  const contact = await node.call('join', { agent, invite: wordOf(words, 'INVITE'), tier, petname });
  const state = contact.state === 'trusted' ? 'is a peer now' : 'was asked and has not answered yet';
  return [`${plain(contact.petname)} ${state}, with the tier ${contact.tier}`];
}

/**
 * @param {readonly string[]} words
 * @param {string} what
 */
function wordOf([word], what) {
  if (word !== undefined && word !== '') return word;
  throw new NodeError('INVALID_ARGUMENT', `${what} is missing`);
}

/**
 * @param {number} number
 * @param {string} thing
 */
function count(number, thing) {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
