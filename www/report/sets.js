// @ts-check
/** The rows that are measured, in the order of trust: what the prompt has never seen comes first. */
export const SETS = /** @type {const} */ ([['heldOut', 'Held-out rows'], ['test', 'Test inquiries'], ['training', 'Training rows']]);
