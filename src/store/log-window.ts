/** Entries of a part of the log whose first and last times are noted, so that a search by time finds where to look. */
export const LOG_WINDOW = 4096;
