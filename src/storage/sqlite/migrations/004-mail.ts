/** Which hub holds a frame, as its receipt proves, and since when by our clock. */
export const mail = `
ALTER TABLE frame ADD COLUMN stored_at INTEGER;
ALTER TABLE frame ADD COLUMN stored_by TEXT;
`;
