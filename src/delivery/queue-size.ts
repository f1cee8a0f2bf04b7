/** How much is kept in a queue. */
export interface QueueSize {
  readonly messages: number;
  readonly bytes: number;
}

/** True when the queue holds as many messages, or as many bytes, as it may. */
export const isFull = (size: QueueSize, most: QueueSize): boolean =>
  size.messages >= most.messages || size.bytes >= most.bytes;
