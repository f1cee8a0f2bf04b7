import type { Call } from '../call.ts';
import { canAsk, confirm } from '../confirm.ts';
import type { Outcome } from '../outcome.ts';
import { shellWord } from '../settings.ts';
import { visible } from '../terminal-text.ts';
import { groups } from '../views/contact-lines.ts';
import type { ContactView } from '../views/types.ts';

/** Records that two people compared the safety number: by the number they read, by a question, or by --yes. */
export async function verify(call: Call): Promise<Outcome> {
  const { args, client, settings, screen, signal } = call;
  const contact = args.at(0, 'CONTACT');
  const number = args.rest(1).join(' ').trim();
  if (number !== '') return marked(await mark(call, contact, number.replace(/\s+/g, ' ')));
  if (args.flag('yes')) return marked(await mark(call, contact));
  const view = await client.contact({ agent: settings.agent, contact }, { signal });
  if (!canAsk(call)) return shownOnly(view);
  screen.lines(comparison(view));
  const same = await confirm(call.ports, 'Is it the same on their side?');
  return same ? marked(await mark(call, view.agentId)) : notTheSame(view);
}

function mark({ client, settings, signal }: Call, contact: string, safetyNumber?: string): Promise<ContactView> {
  return client.markVerified({ agent: settings.agent, contact, safetyNumber }, { signal });
}

function marked(view: ContactView): Outcome {
  return { data: view, lines: () => [`${visible(view.petname)} is verified: you have compared the safety number.`] };
}

function comparison({ petname, safetyNumber }: ContactView): readonly string[] {
  return [
    `The safety number of you and ${visible(petname)}:`,
    '',
    ...groups(safetyNumber)
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    'Compare it with what they see (mesh contact NAME) by voice or in person.',
  ];
}

function shownOnly(view: ContactView): Outcome {
  const name = shellWord(view.petname);
  return {
    data: view,
    lines: () => comparison(view),
    next: [`When it is the same: mesh verify ${name} --yes`],
  };
}

function notTheSame(view: ContactView): Outcome {
  const name = shellWord(view.petname);
  return {
    data: view,
    lines: (paint) => [
      paint.colour('red', `${visible(view.petname)} is not verified.`),
      'Somebody may sit between you, or one of you has a new key.',
    ],
    next: [`Until you know: mesh block ${name}`],
    exitCode: 1,
  };
}
