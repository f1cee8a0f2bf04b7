import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import { visible } from '../terminal-text.ts';

/** Changes what a contact is called here; nobody else sees it. */
export async function rename({ args, client, settings, signal }: Call): Promise<Outcome> {
  const contact = args.at(0, 'CONTACT');
  const view = await client.rename({ agent: settings.agent, contact, name: args.at(1, 'NAME') }, { signal });
  return { data: view, lines: () => [`The contact is called ${visible(view.petname)} now.`] };
}
