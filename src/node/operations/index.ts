export { fileOperations } from './files.ts';
export { agentOperations, lookAroundOperations } from './agents.ts';
export { contactOperations, contactStanding } from './contacts.ts';
export { doctorOperations } from './doctor.ts';
export { messageOperations } from './messages.ts';
export { statusOperations } from './node-status.ts';
export { inviteOperations, requestOperations } from './requests.ts';
