import { readFileSync, writeFileSync } from 'node:fs';
import { backupVectors } from './backup.ts';
import { batchVectors, receiptVectors } from './batch.ts';
import { blobVectors } from './blob.ts';
import { cardVectors } from './card.ts';
import { contactAcceptVectors, contactRequestVectors } from './contact.ts';
import { discoveryVectors } from './discovery.ts';
import { frameVectors } from './frame.ts';
import { frameAnswersVectors } from './frame-answers.ts';
import { hubInviteVectors, hubOperationVectors, hubReceiptVectors } from './hub.ts';
import { agentIdVectors, safetyNumberVectors } from './identity.ts';
import { inviteVectors } from './invite.ts';
import { keyPackageVectors } from './key-package.ts';
import { lanTextVectors } from './lan-text.ts';
import { authTranscriptVectors, linkOperationVectors } from './link.ts';
import { messageVectors } from './message.ts';
import type { VectorFile } from './seeds.ts';
import { sessionVectors } from './session.ts';
import { certificateVectors, incarnationVectors, rotationVectors } from './statements.ts';

// `node --conditions=source tools/vectors/write.ts` writes the files, with `--check` it only compares.
const files: Readonly<Record<string, VectorFile>> = {
  'agent-id': agentIdVectors,
  'auth-transcript': authTranscriptVectors,
  backup: backupVectors,
  batch: batchVectors,
  blob: blobVectors,
  card: cardVectors,
  'contact-accept': contactAcceptVectors,
  'contact-request': contactRequestVectors,
  'device-certificate': certificateVectors,
  discovery: discoveryVectors,
  frame: frameVectors,
  'frame-answers': frameAnswersVectors,
  'hub-invite': hubInviteVectors,
  'hub-operation': hubOperationVectors,
  'hub-receipt': hubReceiptVectors,
  incarnation: incarnationVectors,
  invite: inviteVectors,
  'key-package': keyPackageVectors,
  'lan-text': lanTextVectors,
  'link-operation': linkOperationVectors,
  message: messageVectors,
  receipt: receiptVectors,
  rotation: rotationVectors,
  'safety-number': safetyNumberVectors,
  session: sessionVectors,
};

const check = process.argv.includes('--check');
for (const [name, content] of Object.entries(files)) {
  const url = new URL(`../../test/vectors/${name}.json`, import.meta.url);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!check) writeFileSync(url, text);
  else if (JSON.stringify(JSON.parse(readFileSync(url, 'utf8'))) !== JSON.stringify(content)) {
    console.error(
      `test/vectors/${name}.json is not what the code makes: is the format changed on purpose? Then: npm run vectors`,
    );
    process.exitCode = 1;
  }
}
