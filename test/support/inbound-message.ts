import type { Message } from '#protocol';
import type { InboundMessage } from '#runtime';

/** A request as a runtime gets it, with what the test changes. */
export function inboundMessage(changed: Partial<Message> = {}, senderName = 'bob'): InboundMessage {
  const message: Message = {
    id: 'msg_01900000-0000-7000-8000-000000000001',
    type: 'request',
    from: 'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp',
    to: 'did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG',
    timestamp: 1_767_225_600_000,
    ttl: 60,
    priority: 'normal',
    conversationId: 'conv_01900000-0000-7000-8000-000000000002',
    payload: { subject: 'sum', body: 'what is 1 + 1?' },
    ...changed,
  };
  return { message, senderName, attempt: 1 };
}
