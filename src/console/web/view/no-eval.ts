/** Imported before any schema is made: a policy against scripts made of text forbids what zod would try first. */
import { z } from 'zod';

z.config({ jitless: true });
