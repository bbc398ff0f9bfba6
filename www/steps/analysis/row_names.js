// @ts-check
/** What an example is called: by its number in step 1. */
import { examples } from '../../state.js';

/** Its number in step 1; 0 where it is none of those rows. @param {import('../../protocol.js').Example} example */
export const numberOf = ({ input, output }) => examples.value.findIndex((row) => row.input === input && row.output === output) + 1;
