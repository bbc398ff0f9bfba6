// @ts-check
/** Newer checkpoints keep their chat template in a file of its own; the library reads it from tokenizer_config.json. */
import { ModelFileError } from './byte_stream.js';

/**
 * `tokenizer_config.json` with the template of `chat_template.jinja`, which wins over one inside.
 * @param {Blob|null} tokenizerConfig
 * @param {Blob|null} template
 * @returns {Promise<Blob|null>}
 */
export async function withTemplate(tokenizerConfig, template) {
  if (!template) return tokenizerConfig;
  try {
    const config = tokenizerConfig ? JSON.parse(await tokenizerConfig.text()) : {};
    return new Blob([JSON.stringify({ ...config, chat_template: await template.text() })]);
  } catch {
    throw new ModelFileError('tokenizer_config.json is not JSON. Choose the one that belongs to the model.');
  }
}
