// @ts-check
/** The three answers to an inquiry, by what stands in front of it. @type {Record<import('../protocol.js').Variant, string>} */
export const VARIANT_NAMES = { base: 'Base model', discrete: 'Objective as text', tuned: 'Tuned' };
