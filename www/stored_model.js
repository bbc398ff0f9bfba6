// @ts-check
/** Which stored model is meant: the same question for the page and for its worker. */

/** Whether a stored model is what a person asks of the hub.
 * @param {import('./protocol.js').StoredModel} model @param {import('./protocol.js').HubSource} source */
export const isAskedFor = ({ base, repository, asked }, source) =>
  base === source.base && repository === source.repository && asked.revision === source.revision && asked.file === source.file;
