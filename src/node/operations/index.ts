export { fileOperations } from './files.ts';
export { agentOperations, lookAroundOperations } from './agents.ts';
export { contactOperations, contactStanding } from './contacts.ts';
export { deadLetterOperations } from './dead-letters.ts';
export { doctorOperations } from './doctor.ts';
export { messageOperations } from './messages.ts';
export { sentMessageOperations } from './sent-messages.ts';
export { statusOperations } from './node-status.ts';
export { inviteOperations, requestOperations } from './requests.ts';
