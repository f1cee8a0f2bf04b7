import { type Finding, type GuardedText, inspectInbound, inspectOutbound, isSerious, seenIn } from '#guard';
import { MeshError } from '#kernel';
import type { Json, Message } from '#protocol';
import type { Contact, ContactReader, Tier } from '#trust';
import { type GuardAction, guardActions, type GuardPolicy, noGuard } from './guard-policy.ts';
import type { GuardVerdict, Judged } from './guard-store.ts';
import type { Lane } from './lane.ts';
import { agentsIn } from './sources.ts';

/** What came of a tier that says less than that it may be read counts as of the least trusted one. */
const actionOf = (actions: GuardPolicy['inbound'], tier: Tier): GuardAction =>
  actions[tier === 'blocked' ? 'notify' : tier];

/** What the guard of this node says of a message that came in; undefined when it saw nothing. */
export function judgeInbound({ agent, ports }: Lane, contact: Contact, message: Message): Judged | undefined {
  if (ports.guard.policy === noGuard) return undefined;
  const { inbound } = ports.guard.policy;
  const tiers = tiersOf(ports.store.read.contacts, { agent: agent.name, agentId: agent.agentId, contact, message });
  const actions = tiers.map((tier) => actionOf(inbound, tier));
  if (actions.every((action) => action === 'off')) return undefined;
  return judged(strictest(actions), inspectInbound(textsOf(message)));
}

interface Origin {
  readonly agent: string;
  readonly agentId: string;
  readonly contact: Contact;
  readonly message: Message;
}

/** Of the sender, and of those whose text it passes on: strangers count as `bounded` (spec 15.5). */
function tiersOf(contacts: ContactReader, { agent, agentId, contact, message }: Origin): readonly Tier[] {
  const others = agentsIn(message).filter((one) => one !== agentId && one !== contact.agentId);
  return [contact.tier, ...others.map((one) => contacts.byAgentId(agent, one)?.tier ?? 'bounded')];
}

const strictest = (actions: readonly GuardAction[]): GuardAction =>
  guardActions[Math.max(...actions.map((action) => guardActions.indexOf(action)))] ?? 'off';

/** What the guard says of a message that is about to be accepted; undefined when it saw nothing. */
export function judgeOutbound({ agent, peer, ports }: Lane, message: Message): Judged | undefined {
  const { policy, secrets } = ports.guard;
  if (policy === noGuard) return undefined;
  const tier = ports.store.read.contacts.byAgentId(agent.name, peer)?.tier ?? 'notify';
  const action = actionOf(policy.outbound, tier);
  if (action === 'off') return undefined;
  const context = message.type === 'response' ? [] : stringsOf(message.replyContext, 'replyContext');
  return judged(action, inspectOutbound([...textsOf(message), ...context], secrets()));
}

function judged(action: GuardAction, findings: readonly Finding[]): Judged | undefined {
  if (findings.length === 0 || action === 'off') return undefined;
  const verdict: GuardVerdict = findings.some(isSerious) ? action : 'label';
  return { verdict, findings };
}

/** Throws GUARD_BLOCKED, which says what was seen and nothing of it. */
export function refuseBlocked(judgement: Judged | undefined): void {
  if (judgement?.verdict !== 'block') return;
  throw new MeshError(
    'GUARD_BLOCKED',
    `The guard of this node does not let this message leave: ${seenIn(judgement.findings)}`,
    {
      hint: 'Send it without what it names. If it is no secret: let messages of this tier wait for you, with outbound under [guard] in mesh.toml.',
      data: { rules: judgement.findings.map(({ rule }) => rule) },
    },
  );
}

/** Whatever a program or a person reads of the message as text. */
export function textsOf({ payload }: Pick<Message, 'payload'>): readonly GuardedText[] {
  const { subject, body, attachments = [], metadata } = payload;
  const files = attachments.flatMap((attachment, index): GuardedText[] => {
    const name = { where: `name ${index + 1}`, text: attachment.name };
    if (attachment.kind === 'url') return [name, { where: `link ${index + 1}`, text: attachment.url }];
    if (attachment.kind !== 'inline' || !isText(attachment.mediaType)) return [name];
    return [name, { where: `attachment ${index + 1}`, text: Buffer.from(attachment.bytes).toString('utf8') }];
  });
  return [
    ...(subject === undefined ? [] : [{ where: 'subject', text: subject }]),
    { where: 'body', text: body },
    ...files,
    ...stringsOf(metadata, 'metadata'),
  ];
}

const isText = (mediaType: string): boolean =>
  /^text\/|json|xml|yaml|markdown|javascript|html|csv|toml/i.test(mediaType);

/** All strings in it, and its keys, as one text. */
function stringsOf(value: Json | undefined, where: string): readonly GuardedText[] {
  if (value === undefined) return [];
  const strings: string[] = [];
  addStrings(strings, value);
  return strings.length === 0 ? [] : [{ where, text: strings.join('\n') }];
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function addStrings(strings: string[], value: Json): void {
  if (typeof value === 'string') strings.push(value);
  else if (isList(value)) for (const one of value) addStrings(strings, one);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) {
      // As in a configuration: a name tells what its value is.
      if (typeof one === 'string') strings.push(`${key}: ${one}`);
      else {
        strings.push(key);
        addStrings(strings, one);
      }
    }
  }
}
