import { oneOf } from '../arguments.ts';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { tierNames, typeNames } from '../table/verb-spec.ts';
import { visible } from '../terminal-text.ts';
import { size } from '../views/words.ts';

const meanings: Readonly<Record<(typeof tierNames)[number], string>> = {
  blocked: 'nothing is taken from it',
  notify: 'its messages are kept, no agent turn starts',
  bounded: 'it may start a limited number of agent turns a day',
  trusted: 'it may start agent turns without a daily limit',
  owner: 'it may do everything',
};

/** Sets what a contact may do, and narrows it by message type and attachment size. */
export async function tier({ args, client, settings, signal }: Call): Promise<Outcome> {
  const types = args
    .text('types')
    ?.split(',')
    .map((type) => oneOf(type.trim(), typeNames, '--types'));
  const view = await client.setTier(
    {
      agent: settings.agent,
      contact: args.at(0, 'CONTACT'),
      tier: oneOf(args.at(1, 'TIER'), tierNames, 'TIER'),
      messageTypes: types,
      maxAttachmentBytes: args.bytes('maxAttachment'),
    },
    { signal },
  );
  const { messageTypes, maxAttachmentBytes } = view.permissions;
  return {
    data: view,
    lines: () => [
      `${visible(view.petname)} is ${view.tier}: ${meanings[view.tier]}.`,
      ...(messageTypes === undefined ? [] : [`It may send only: ${messageTypes.join(', ')}`]),
      ...(maxAttachmentBytes === undefined ? [] : [`Its attachments may have ${size(maxAttachmentBytes)}.`]),
    ],
  };
}
