// @ts-check
/** The Hugging Face hub as a person names it: its address, or that of a mirror, and the repositories on it. */
import { keep } from './store.js';
import { signal } from './ui.js';

export const HUB = 'https://huggingface.co';

/** A repository as people write it: "owner/name", with "@revision" or a GGUF file behind it, or an address of the hub.
 * @param {string} text
 * @returns {{repository: string, revision: string, file: string} | null} */
export function parseRepository(text) {
  const path = text.trim().replace(/^https?:\/\/[^/]+\//i, '').replace(/[?#].*$/, '').replace(/\/+$/, '');
  const found = path.match(/^([\w.-]+\/[\w.-]+)(?:@([\w./-]+)|\/(?:tree|blob|resolve)\/([^/]+)(?:\/(.+))?|\/(.+))?$/);
  if (!found) return null;
  const [, repository, at, tree, inTree, file] = found;
  const named = inTree ?? file ?? '';
  if (named !== '' && !/\.gguf$/i.test(named)) return tree ? { repository, revision: tree, file: '' } : null;
  return { repository, revision: at ?? tree ?? '', file: named };
}

/** What is wrong with an address of a hub, or "". @param {string} text */
export function addressProblem(text) {
  try {
    const { protocol, hostname } = new URL(text);
    if (protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname))) return '';
    return 'The address of the hub must begin with https://.';
  } catch {
    return 'Write the whole address of the hub, for example https://huggingface.co.';
  }
}

/** Where models and adapters are fetched from: the hub, or a mirror. */
export const hubAddress = signal(HUB);
keep('hubAddress', hubAddress, (saved) => (typeof saved === 'string' && addressProblem(saved) === '' ? saved : undefined));
