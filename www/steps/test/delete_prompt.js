// @ts-check
/** Deletes a trained prompt; a notice brings it back. */
import { freePrefix } from '../../adapters.js';
import { activePrefix, activePrompt, addNotice, deleteTrainedPrompt, saveTrainedPrompt, trainedPrompts } from '../../state.js';

/** Deletes the chosen one. */
export function deletePrompt() {
  const [prefix, prompt] = [activePrefix.value, activePrompt.value];
  if (!prompt) return;
  deleteTrainedPrompt(prefix);
  addNotice('info', `The prompt of ${prefix} was deleted.`, { label: 'Bring it back', run: () => bringBack(prefix, prompt) });
}

/** Under another prefix token where a newer prompt has taken its own. @param {string} prefix @param {import('../../state.js').TrainedPrompt} prompt */
function bringBack(prefix, prompt) {
  if (!trainedPrompts.value[prefix]) {
    saveTrainedPrompt(prefix, prompt);
    return;
  }
  const free = freePrefix(prefix);
  saveTrainedPrompt(free, { ...prompt, settings: { ...prompt.settings, prefix_token: free } });
  addNotice('info', `A newer prompt stands under ${prefix}, so the one that was deleted is back as ${free}.`);
}
