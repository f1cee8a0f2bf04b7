/** What happened since the hub began; for its metrics. */
export class HubCounts {
  framesStored = 0;
  framesRepeated = 0;
  framesRefused = 0;
  framesFetched = 0;
  framesAcked = 0;
  framesExpired = 0;
  bytesStored = 0;
  bytesFetched = 0;
  questions = 0;
  questionsRefused = 0;
  linksReplaced = 0;
}
