/** Our own rules, written as ESLint's are; the linter runs them as a plugin. */
import { noCycleRule } from './cycles.js';
import { restrictedSyntaxRule } from './restricted-syntax.js';
import { roomsRule } from './rooms.js';

export default {
  meta: { name: 'house' },
  rules: { rooms: roomsRule, 'no-cycle': noCycleRule, 'no-restricted-syntax': restrictedSyntaxRule },
};
