/** How a link to a contact is looked for. */
export interface DialHow {
  readonly signal: AbortSignal;
  /** Only to the node of the contact itself. */
  readonly direct?: boolean;
}
