import type { Lane } from '#pipeline';
import { type Contact, owesStep } from '#trust';

/** Two that met before meet again, and the link is older than what is owed. */
export function tellNews({ courier, telling, ports }: Lane, contact: Contact): void {
  const { pending } = contact;
  if (!owesStep(contact, ports.clock.now())) return;
  if (telling?.step.kind === pending?.kind && telling?.step.nonce === pending?.nonce) return;
  // Whoever is not trusted may say one thing on a link: a new request needs a new one.
  if (pending?.kind === 'request') courier.hangUp();
  else courier.greetAgain();
}
