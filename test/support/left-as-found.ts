/**
 * Before each test file: notes what files that share a process share with it, and fails a file that leaves it otherwise. Without this, the
 * file that runs next fails in its place, and only in that order.
 */
import { afterAll, expect } from 'vitest';

const shared = () => ({ folder: process.cwd(), env: { ...process.env } });

const before = shared();

afterAll(() =>
  expect(shared(), 'a test file leaves the working directory and the environment as they were').toEqual(before),
);
