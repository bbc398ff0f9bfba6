// @ts-check
/** What an inquiry asks, and of which prompt: the prefix token is the switch, and no model ever reads it. */
import { activePrefix, trainedPrompts } from './state.js';

/** @typedef {import('./state.js').TrainedPrompt} TrainedPrompt */

/**
 * An inquiry that begins with the prefix token of a trained prompt is answered by that prompt, any other by the chosen one.
 * @param {string} question
 * @param {string} [own] a prefix token under which no prompt need stand yet
 * @returns {{text: string, prefix: string, prompt: TrainedPrompt|null}}
 */
export function readInquiry(question, own) {
  const text = question.trim();
  const tags = own ? [...Object.keys(trainedPrompts.value), own] : Object.keys(trainedPrompts.value);
  const tag = tags.filter((prefix) => text.startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
  const prefix = tag ?? activePrefix.value;
  return { text: tag ? text.slice(tag.length).trim() : text, prefix, prompt: trainedPrompts.value[prefix] ?? null };
}
